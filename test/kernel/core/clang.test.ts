/**
 * CO-RE objects of clang: relocated against the running kernel's BTF by our loader, and by libbpf (bpftool); both must
 * read what the kernel says of this process.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kernelUsable, loadFile, VerifierError } from '@unplugin-bpf/loader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const usable = kernelUsable()
const clang = spawnSync('clang', ['--print-targets'], { encoding: 'utf8' })
const hasBpf = clang.status === 0 && /\bbpfel\b/.test(clang.stdout)
const missing = usable.ok ? (hasBpf ? undefined : 'needs clang with the BPF target') : usable.reason
const title = missing === undefined ? 'CO-RE objects of clang' : `CO-RE objects of clang (skipped: ${missing})`

/** Fields in an order and with sizes that no kernel has, so that only relocation can make them right. */
const PRELUDE = `typedef unsigned int u32; typedef unsigned long long u64;
#define SEC(n) __attribute__((section(n), used))
#define PAI __attribute__((preserve_access_index))
#define at(x) __builtin_preserve_access_index(&(x))
struct nsproxy___mine { int count; } PAI;
struct task_struct { char comm[16]; int tgid; int pid; struct task_struct *real_parent; int nosuch_field; unsigned in_execve:1; } PAI;
struct no_such_struct { int x; } PAI;
enum pid_type { PIDTYPE_PID = 7, PIDTYPE_SID = 9, PIDTYPE_NONE = 12 };
static u64 (*bpf_get_current_task)(void) = (void*)35;
static long (*probe_read_kernel)(void *, u32, const void *) = (void *)113;
static long (*update)(void *, const void *, const void *, u64) = (void *)2;
struct { int (*type)[2]; u32 *key; u64 *value; int (*max_entries)[16]; } out SEC(".maps");
#define put(k, v) { u32 key = k; u64 value = v; update(&out, &key, &value, 0); }
char LICENSE[] SEC("license") = "GPL";
`
const READ = `SEC("syscall") int go(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  u32 x = 0;
  probe_read_kernel(&x, 4, at(task->pid)); put(0, x);
  probe_read_kernel(&x, 4, at(task->tgid)); put(1, x);
  u64 comm[2]; probe_read_kernel(comm, 16, at(task->comm)); put(2, comm[0]);
  struct task_struct *parent; probe_read_kernel(&parent, 8, at(task->real_parent));
  probe_read_kernel(&x, 4, at(parent->tgid)); put(3, x);
  put(4, __builtin_preserve_field_info(task->nosuch_field, 2));
  put(5, __builtin_preserve_field_info(task->pid, 2));
  put(6, __builtin_preserve_type_info(*(struct no_such_struct *)0, 0));
  put(7, __builtin_preserve_type_info(*(struct nsproxy___mine *)0, 0));
  put(8, __builtin_preserve_type_info(*(struct task_struct *)0, 1));
  put(9, __builtin_preserve_enum_value(*(enum pid_type *)PIDTYPE_SID, 1));
  put(10, __builtin_preserve_enum_value(*(enum pid_type *)PIDTYPE_NONE, 0));
  put(11, __builtin_preserve_field_info(task->in_execve, 1) * 1000 + __builtin_preserve_field_info(task->in_execve, 5));
  if (__builtin_preserve_field_info(task->nosuch_field, 2)) { probe_read_kernel(&x, 4, at(task->nosuch_field)); put(12, x); }
  return 0;
}`
const MISSING = `SEC("syscall") int go(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  u32 x = 0;
  probe_read_kernel(&x, 4, at(task->nosuch_field)); put(0, x);
  return 0;
}`

describe.skipIf(missing !== undefined)(title, () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'ubpf-core-'))
  })
  afterAll(() => directory && rmSync(directory, { recursive: true }))

  function compile(name: string, code: string): string {
    const source = join(directory, `${name}.c`)
    const output = join(directory, `${name}.bpf.o`)
    writeFileSync(source, PRELUDE + code)
    execFileSync('clang', ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-c', source, '-o', output])
    return output
  }

  it('read the right fields', () => {
    using loaded = loadFile(compile('read', READ))
    expect(loaded.programs.get('go')!.run({}).retval).toBe(0)
    const map = loaded.maps.get('out')!
    const value = (key: number) =>
      new DataView(map.lookup(new Uint8Array([key, 0, 0, 0]))!.buffer).getBigUint64(0, true)
    expect(value(0)).toBe(BigInt(process.pid))
    expect(value(1)).toBe(BigInt(process.pid))
    const comm = readFileSync('/proc/self/comm', 'latin1').trim().slice(0, 15)
    const bytes = new Uint8Array(16)
    bytes.set(new TextEncoder().encode(comm))
    expect(value(2)).toBe(new DataView(bytes.buffer).getBigUint64(0, true))
    expect(value(3)).toBe(BigInt(process.ppid))
    expect([4, 5, 6, 7].map(value)).toEqual([0n, 1n, 0n, 1n])
    expect(value(8)).toBeGreaterThan(1000n)
    expect([9, 10, 12].map(value)).toEqual([3n, 0n, 0n])
    expect(value(11)).toSatisfy((v: bigint) => v % 1000n === 63n && [1n, 2n, 4n, 8n].includes(v / 1000n))
  })

  it('a field that the kernel lacks is named', () => {
    const path = compile('missing', MISSING)
    expect(() => loadFile(path)).toThrow(VerifierError)
    expect(() => loadFile(path)).toThrow(/this kernel has no `task_struct.nosuch_field`/)
  })
})
