/** Objects of clang: BTF, function and line information reach the kernel, and errors point into the C file. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kernelUsable, loadFile, VerifierError } from '@unplugin-bpf/loader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const usable = kernelUsable()
const clang = spawnSync('clang', ['--print-targets'], { encoding: 'utf8' })
const hasBpf = clang.status === 0 && /\bbpfel\b/.test(clang.stdout)
const missing = usable.ok ? (hasBpf ? undefined : 'needs clang with the BPF target') : usable.reason
const title = missing === undefined ? 'objects of clang' : `objects of clang (skipped: ${missing})`

const PRELUDE = `typedef unsigned int u32; typedef unsigned long long u64;
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
#define SEC(n) __attribute__((section(n), used))
struct { int (*type)[2]; u32 *key; u64 *value; int (*max_entries)[4]; } counts SEC(".maps");
struct { int (*type)[27]; int (*max_entries)[4096]; } events SEC(".maps");
static void *(*lookup)(void *, const void *) = (void *)1;
char LICENSE[] SEC("license") = "GPL";
`

const COUNT = `SEC("xdp") int count(struct xdp_md *ctx) {
  u32 key = 0;
  u64 *value = lookup(&counts, &key);
  if (value) *value += 1;
  return 2;
}`

const UNSAFE = `SEC("xdp") int unsafe(struct xdp_md *ctx) {
  u32 key = ctx->rx_queue_index;
  u64 *value = lookup(&counts, &key);
  return *value;
}`

describe.skipIf(missing !== undefined)(title, () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'ubpf-clang-'))
  })
  afterAll(() => directory && rmSync(directory, { recursive: true }))

  function compile(name: string, code: string): string {
    const source = join(directory, `${name}.c`)
    const output = join(directory, `${name}.bpf.o`)
    writeFileSync(source, PRELUDE + code)
    execFileSync('clang', ['-O2', '-g', '-target', 'bpf', '-c', source, '-o', output])
    return output
  }

  it('load with BTF, and run', () => {
    using loaded = loadFile(compile('count', COUNT))
    expect(loaded.btfRefusal).toBeUndefined()
    expect([...loaded.maps.keys()].sort()).toEqual(['counts', 'events'])
    expect(loaded.programs.get('count')!.run({ data: new Uint8Array(64), repeat: 3 }).retval).toBe(2)
    expect(loaded.maps.get('counts')!.lookup(new Uint8Array(4))![0]).toBe(3)
  })

  it('an error points at the line of C', () => {
    try {
      loadFile(compile('unsafe', UNSAFE)).close()
      expect.unreachable()
    } catch (error) {
      if (!(error instanceof VerifierError)) throw error
      expect(error.location).toMatchObject({ file: join(directory, 'unsafe.c'), line: 11 })
      expect(error.reason).toBe("R0 invalid mem access 'map_value_or_null'")
      expect(error.message).toContain('11 |   return *value;')
    }
  })
})
