/**
 * Maps of maps and prog arrays with first entries: libbpf fills ours as we do, and we fill those of clang as libbpf does,
 * in the kernel and in the VM.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileLisp } from '../../../packages/core/src/compile.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import { fromElf } from '../../../packages/core/src/object/from-elf.ts'
import type { ObjectBackend } from '../../../packages/core/src/runtime/backend.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../../packages/loader/src/index.ts'
import { bpftoolRun, canUseKernel, clangCompile, hasTool, skipNote } from '../../support/kernel-oracle.ts'

const kernel = canUseKernel()
const clang = hasTool('clang')
const packet = new Uint8Array(60)
const path = join(import.meta.dirname, '../../filetests/run/platform/map-in-map.bpf.lisp')

describe('maps of maps', () => {
  it.skipIf(!kernel.ok)(`libbpf fills in our first entries${skipNote(kernel)}`, () => {
    const { elf } = compileLisp(sourceFile('map-in-map.bpf.lisp', readFileSync(path, 'utf8')))
    const retvals = (program: string) => bpftoolRun(elf, program, [packet, packet]).runs.map(({ retval }) => retval)
    expect(retvals('count_in')).toEqual([6, 12])
    expect(retvals('hash_entries')).toEqual([7, 7])
    expect(retvals('empty_slot')).toEqual([2, 2])
  })

  it('the kinds of entries are kept apart in ELF', () => {
    const { object, elf } = compileLisp(sourceFile('map-in-map.bpf.lisp', readFileSync(path, 'utf8')))
    const slotsOf = (maps: typeof object.maps) => Object.fromEntries(maps.map(({ name, slots }) => [name, slots]))
    expect(slotsOf(fromElf(elf).maps)).toEqual(slotsOf(object.maps))
    expect(fromElf(elf).maps.find(({ name }) => name === 'by_port')?.inner).toMatchObject({ type: 'hash', keySize: 8 })
  })

  it('user space puts maps of the object in, and others are refused', () => {
    const { object } = compileLisp(sourceFile('map-in-map.bpf.lisp', readFileSync(path, 'utf8')))
    const vm = createVm(object)
    const { tables, flows, table_b: tableB } = Object.fromEntries(vm.maps)
    tables!.setInner!(Uint8Array.of(1, 0, 0, 0), tableB!)
    expect(vm.programs.get('empty_slot')!.run({ data: packet }).retval).toBe(1)
    expect(tables!.delete(Uint8Array.of(1, 0, 0, 0))).toBe(true)
    expect(vm.programs.get('empty_slot')!.run({ data: packet }).retval).toBe(2)
    expect(() => tables!.setInner!(Uint8Array.of(1, 0, 0, 0), flows!)).toThrow('cannot hold map flows')
    expect(() => tables!.setInner!(Uint8Array.of(9, 0, 0, 0), tableB!)).toThrow('cannot hold map table_b')
  })
})

const SOURCE = `
typedef unsigned u32; typedef unsigned long long u64;
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
#define SEC(n) __attribute__((section(n), used))
struct inner { int (*type)[2]; u32 *key; u64 *value; int (*max_entries)[4]; } a SEC(".maps"), b SEC(".maps");
struct { int (*type)[12]; int (*max_entries)[3]; u32 *key; struct inner *values[]; } outer SEC(".maps") = {
  .values = { &a, 0, &b } };
int last(struct xdp_md *);
struct { int (*type)[3]; int (*max_entries)[3]; int (*key_size)[4]; int (*values[])(struct xdp_md *); } stages SEC(".maps") = {
  .values = { 0, &last } };
static void *(*lookup)(void *, const void *) = (void *)1;
static long (*tail_call)(void *, void *, u32) = (void *)12;
char LICENSE[] SEC("license") = "GPL";
SEC("xdp") int first(struct xdp_md *ctx) {
  u32 key = 2, zero = 0;
  void *map = lookup(&outer, &key);
  if (!map) return 1;
  u64 *value = lookup(map, &zero);
  if (!value) return 2;
  *value += 7;
  tail_call(ctx, &stages, 1);
  return 3;
}
SEC("xdp") int last(struct xdp_md *ctx) { return 40; }
`

describe.skipIf(!clang.ok)(`objects of clang${skipNote(clang)}`, () => {
  const check = (object: ObjectBackend) => {
    try {
      expect(object.programs.get('first')!.run({ data: packet }).retval).toBe(40)
      expect(object.maps.get('b')!.lookup(new Uint8Array(4))?.[0]).toBe(7)
      expect(object.maps.get('a')!.lookup(new Uint8Array(4))?.[0]).toBe(0)
    } finally {
      object.close()
    }
  }
  it('run in the VM', () => check(createVm(fromElf(clangCompile(SOURCE)))))
  it.skipIf(!kernel.ok)(`run in the kernel${skipNote(kernel)}`, () =>
    check(loadKernelObject(fromElf(clangCompile(SOURCE)))),
  )
})
