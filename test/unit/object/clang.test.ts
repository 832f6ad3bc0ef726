/** Objects that clang made: what fromElf takes, and what it refuses with which words. */
import { describe, expect, it } from 'vitest'
import { readBtf } from '../../../packages/core/src/btf/reader.ts'
import type { BtfTypeOf } from '../../../packages/core/src/btf/types.ts'
import { Abort } from '../../../packages/core/src/diag/diagnostic.ts'
import { fromElf } from '../../../packages/core/src/object/from-elf.ts'
import { toElf } from '../../../packages/core/src/object/to-elf.ts'
import { bpftoolLoad, bpftoolRun, canUseKernel, clangCompile, hasTool, skipNote } from '../../support/kernel-oracle.ts'

const clang = hasTool('clang')
const kernel = canUseKernel()

const HEAD = `
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
static void *(*lookup)(void *, const void *) = (void *)1;
char _license[] SEC("license") = "GPL";
`

const COUNTER = `${HEAD}
struct key { u32 proto; u32 len; };
struct { __uint(type, 1); __uint(max_entries, 64); __type(key, struct key); __type(value, u64); } flows SEC(".maps");
struct { __uint(type, 2); __uint(max_entries, 3); __uint(key_size, 4); __uint(value_size, 8); } verdicts SEC(".maps");
struct { __uint(type, 27); __uint(max_entries, 4096); } events SEC(".maps");

SEC("xdp") int first(struct xdp_md *ctx) {
  u32 zero = 0;
  u64 *n = lookup(&verdicts, &zero);
  if (n) (*n)++;
  return 2;
}
SEC("xdp") int second(struct xdp_md *ctx) {
  struct key key = {6, ctx->data_end - ctx->data};
  return lookup(&flows, &key) ? 1 : 3;
}
SEC("tracepoint/sched/sched_switch") int third(void *ctx) { return 0; }
`

function messageOf(source: string, flags: readonly string[] = []): string {
  const elf = clangCompile(source, flags)
  try {
    fromElf(elf)
  } catch (error) {
    if (error instanceof Abort && error.diagnostic.code === 'bad-object') return error.message
    throw error
  }
  throw new Error('fromElf took the object')
}

describe.skipIf(!clang.ok)(`objects of clang${skipNote(clang)}`, () => {
  it('reads programs, maps, relocations and lines', () => {
    const object = fromElf(clangCompile(COUNTER))
    expect(object.license).toBe('GPL')
    expect(object.maps).toMatchObject([
      // clang places variables in the order of their first use.
      { name: 'verdicts', type: 'array', keySize: 4, valueSize: 8, maxEntries: 3 },
      { name: 'flows', type: 'hash', keySize: 8, valueSize: 8, maxEntries: 64 },
      { name: 'events', type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: 4096 },
    ])
    expect(object.programs.map((p) => [p.name, p.section, p.type, p.attachType, p.attachTarget])).toEqual([
      ['first', 'xdp', 'xdp', 'XDP', undefined],
      ['second', 'xdp', 'xdp', 'XDP', undefined],
      ['third', 'tracepoint/sched/sched_switch', 'tracepoint', undefined, 'sched/sched_switch'],
    ])
    expect(object.programs.map((p) => p.relocations.map((r) => r.map))).toEqual([['verdicts'], ['flows'], []])
    const btf = readBtf(object.btf!)
    for (const program of object.programs) {
      expect(btf.type(program.btfFuncId!)).toMatchObject({ kind: 'func', name: program.name })
      expect(program.lines[0]?.slot).toBe(0)
    }
    expect(object.programs[0]!.lines.map((l) => l.text)).toContain('  u64 *n = lookup(&verdicts, &zero);')
    expect(btf.type(object.maps[1]!.btfKeyTypeId!)).toMatchObject({ kind: 'struct', name: 'key', size: 8 })
  })

  it('completes the data sections that clang leaves to the loader', () => {
    const btf = readBtf(fromElf(clangCompile(COUNTER)).btf!)
    const sections = btf.idsOf('datasec').map((id) => btf.type(id) as BtfTypeOf<'datasec'>)
    expect(sections.map((s) => s.name).sort()).toEqual(['.maps', 'license'])
    const maps = sections.find((s) => s.name === '.maps')!
    expect(maps.vars.map((v) => v.offset)).toEqual([0, 32, 64])
    expect(maps.size).toBe(80)
    expect(sections.find((s) => s.name === 'license')?.size).toBe(4)
  })

  it.skipIf(!kernel.ok)(`what was read and written again behaves the same${skipNote(kernel)}`, () => {
    const elf = clangCompile(COUNTER)
    const again = toElf(fromElf(elf))
    expect(bpftoolLoad(again)).toMatchObject({ ok: true })
    const packets = [new Uint8Array(64), new Uint8Array(90)]
    expect(bpftoolRun(again, 'first', packets)).toEqual(bpftoolRun(elf, 'first', packets))
    expect(bpftoolRun(again, 'second', packets)).toEqual(bpftoolRun(elf, 'second', packets))
  })

  it('takes an object without debug information when it has no maps', () => {
    const object = fromElf(clangCompile(`${HEAD} SEC("xdp") int pass(struct xdp_md *ctx) { return 2; }`, ['-g0']))
    expect(object.programs).toMatchObject([{ name: 'pass', lines: [], btfFuncId: undefined }])
    expect(object.btf).toBeUndefined()
  })

  const program = (body: string, before = '') => `${HEAD}${before}\nSEC("xdp") int p(struct xdp_md *ctx) { ${body} }`
  const refused: [string, string, RegExp, string[]?][] = [
    ['big-endian objects', program('return 2;'), /big-endian/, ['--target=bpfeb']],
    ['objects for other machines', 'int x;', /ELF file for machine (62|183)/, [`--target=x86_64-linux-gnu`]],
    ['maps without BTF', COUNTER, /no BTF/, ['-g0']],
    [
      'legacy maps',
      program('return 2;', 'struct { u32 type, key, value, n; } m SEC("maps") = {1, 4, 8, 1};'),
      /legacy form/,
    ],
    [
      'variables that hold addresses',
      program('return *table[ctx->data & 1];', 'int a = 1, b = 2; int *table[2] = {&a, &b};'),
      /section \.data has variables that are initialised with addresses/,
    ],
    [
      'programs that are static',
      'static __attribute__((section("xdp"), used)) int f(void *c) { return 1; }',
      /function f in section xdp is static/,
    ],
    ['external variables', program('return other;', 'extern int other;'), /external symbol other cannot be resolved/],
    [
      'unknown sections',
      'int f(void) __attribute__((section("nonsense"))); int f(void) { return 1; }',
      /no program type/,
    ],
    [
      'map properties that nobody reads',
      program('return 2;', 'struct { __uint(type, 1); __uint(nonsense, 3); } m SEC(".maps");'),
      /`nonsense` is not supported/,
    ],
  ]
  it.each(refused)('refuses %s', (_, source, message, flags) => {
    expect(messageOf(source, flags)).toMatch(message)
  })

  it('puts the name of the file before the message', () => {
    expect(() => fromElf(Uint8Array.of(1, 2, 3), 'a/b.o')).toThrow('a/b.o: not an ELF file')
  })
})
