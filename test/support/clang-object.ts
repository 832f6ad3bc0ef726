/** Objects of clang from C text, for tests of what other compilers write. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Undefined when clang can compile for BPF. */
export function missingClang(): string | undefined {
  const clang = spawnSync('clang', ['--print-targets'], { encoding: 'utf8' })
  return clang.status === 0 && /\bbpfel\b/.test(clang.stdout) ? undefined : 'needs clang with the BPF target'
}

/** ELF of one C file; `flags` come last. */
export function compileC(code: string, ...flags: string[]): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'ubpf-c-'))
  try {
    const [source, output] = [join(directory, 'x.bpf.c'), join(directory, 'x.bpf.o')]
    writeFileSync(source, code)
    execFileSync('clang', ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-c', source, '-o', output, ...flags])
    return new Uint8Array(readFileSync(output))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** What small programs need of the kernel's headers; no header of the system is read. */
export const C_PRELUDE = `typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32;
typedef unsigned long long u64; typedef int s32; typedef long long s64;
#define SEC(n) __attribute__((section(n), used))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
static void *(*bpf_map_lookup_elem)(void *, const void *) = (void *)1;
static long (*bpf_map_update_elem)(void *, const void *, const void *, u64) = (void *)2;
static u64 (*bpf_ktime_get_ns)(void) = (void *)5;
static u64 (*bpf_get_current_pid_tgid)(void) = (void *)14;
static long (*bpf_perf_event_output)(void *, void *, u64, void *, u64) = (void *)25;
static void *(*bpf_ringbuf_reserve)(void *, u64, u64) = (void *)131;
static void (*bpf_ringbuf_submit)(void *, u64) = (void *)132;
static long (*bpf_user_ringbuf_drain)(void *, void *, void *, u64) = (void *)209;
static long (*bpf_dynptr_read)(void *, u32, void *, u32, u64) = (void *)201;
char LICENSE[] SEC("license") = "GPL";
`
