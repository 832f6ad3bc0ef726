/**
 * Globals, functions and loops in ELF: what we write is read back alike and loads through libbpf; what clang writes runs
 * alike in the kernel through our loader and in the VM.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { globSync } from 'tinyglobby'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileLisp } from '../../../packages/core/src/compile.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import { fromElf } from '../../../packages/core/src/object/from-elf.ts'
import { toElf } from '../../../packages/core/src/object/to-elf.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../../packages/loader/src/index.ts'
import { bpftoolLoad, canUseKernel, skipNote } from '../../support/kernel-oracle.ts'

const kernel = canUseKernel()
const clang = spawnSync('clang', ['--print-targets'], { encoding: 'utf8' })
const hasClang = clang.status === 0 && /\bbpfel\b/.test(clang.stdout)
const folder = join(import.meta.dirname, '../../filetests/run/platform')

describe('our own objects', () => {
  for (const path of globSync('*.bpf.lisp', { cwd: folder }).sort()) {
    const compile = () => compileLisp(sourceFile(path, readFileSync(join(folder, path), 'utf8')))

    it(`${path} is read back as it was`, () => {
      const { object, elf } = compile()
      const read = fromElf(elf)
      expect(read.programs.map(({ insns }) => insns)).toEqual(object.programs.map(({ insns }) => insns))
      expect((read.functions ?? []).map(({ name, insns, references }) => ({ name, insns, references }))).toEqual(
        (object.functions ?? []).map(({ name, insns, references }) => ({
          name,
          insns,
          ...(references?.length ? { references } : { references: undefined }),
        })),
      )
      expect(read.variables ?? []).toEqual(object.variables ?? [])
      expect(read.maps.map(({ name, flags, data }) => ({ name, flags, data })).sort(byName)).toEqual(
        object.maps.map(({ name, flags, data }) => ({ name, flags, data })).sort(byName),
      )
      expect(toElf(read)).toEqual(elf)
    })

    it.skipIf(!kernel.ok)(`${path} loads through libbpf${skipNote(kernel)}`, () => {
      const result = bpftoolLoad(compile().elf)
      expect(result.ok ? '' : result.log).toBe('')
    })
  }
})

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)

const PRELUDE = `typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64;
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
#define SEC(n) __attribute__((section(n), used))
#define noinline __attribute__((noinline))
struct { int (*type)[2]; u32 *key; u64 *value; int (*max_entries)[4]; } counts SEC(".maps");
static void *(*lookup)(void *, const void *) = (void *)1;
static long (*loop)(u32, void *, void *, u64) = (void *)181;
static long (*trace)(const char *, u32, ...) = (void *)6;
char LICENSE[] SEC("license") = "GPL";
`

const PROGRAM = `
u64 hits; u32 level = 7; static u64 hidden = 3;
const volatile u32 limit = 100; static const volatile u8 names[2][4] = {"abc", "xyz"};
struct pair { u32 a, b; } pairs[3] = {{1, 2}, {3, 4}};
int extra SEC(".data.extra") = 50;
u64 zeroes[4] SEC(".bss.more");

static noinline int mix(u32 a, u32 b) { hidden++; return a * 31 ^ b; }
noinline int global_add(u32 a, u32 b) { return a + b + level; }
static noinline u64 *find(u32 key) { return lookup(&counts, &key); }
static noinline int deep(u32 a) { return mix(a, 1) + global_add(a, 2); }
static long body(u32 i, void *ctx) { u64 *sum = ctx; if (i == 50) return 1; *sum += i; return 0; }

SEC("xdp") int scalars(struct xdp_md *ctx) {
  hits += 2; __sync_fetch_and_add(&hits, 10); extra++; zeroes[1] += hits;
  return hits + level + limit + pairs[1].b + extra + names[1][0] + zeroes[1];
}
SEC("xdp") int calls(struct xdp_md *ctx) {
  u64 *value = find(2);
  if (value) *value += deep(ctx->rx_queue_index + 5);
  return mix(3, 4) + hidden;
}
SEC("xdp") int loops(struct xdp_md *ctx) {
  u64 sum = 0;
  loop(100, body, &sum, 0);
  for (int i = 0; i < 10; i++) sum += pairs[i & 1].a;
  trace("sum %d", 7, sum);
  return sum;
}`

describe.skipIf(!hasClang || !kernel.ok)(
  `objects of clang${hasClang ? skipNote(kernel) : ' (skipped: no clang)'}`,
  () => {
    let directory: string
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'ubpf-platform-'))
    })
    afterAll(() => directory && rmSync(directory, { recursive: true }))

    function compile(flags: readonly string[], text = PRELUDE + PROGRAM): Uint8Array {
      writeFileSync(join(directory, 'a.c'), text)
      const output = join(directory, 'a.bpf.o')
      execFileSync('clang', ['-target', 'bpf', '-c', join(directory, 'a.c'), '-o', output, ...flags])
      return new Uint8Array(readFileSync(output))
    }

    const expected = {
      scalars: [12 + 7 + 100 + 4 + 51 + 120 + 12, 24 + 7 + 100 + 4 + 52 + 120 + 36],
      calls: [],
      loops: [],
    }

    for (const flags of [
      ['-O2', '-g'],
      ['-O2', '-g', '-mcpu=v1'],
      ['-O1', '-g', '-mcpu=v3'],
    ]) {
      it(`run alike in kernel and VM: clang ${flags.join(' ')}`, () => {
        const object = fromElf(compile(flags))
        const results = [createVm(object), loadKernelObject(object)].map((backend) => {
          try {
            const run = (name: string) => backend.programs.get(name)!.run({ data: new Uint8Array(64) }).retval
            const values = ['scalars', 'scalars', 'calls', 'loops'].map(run)
            const count = backend.maps.get('counts')!.lookup(Uint8Array.of(2, 0, 0, 0))
            return { values, count, bss: backend.maps.get('.bss')!.memory!().slice() }
          } finally {
            backend.close()
          }
        })
        expect(results[1]).toEqual(results[0])
        expect(results[0]!.values.slice(0, 2)).toEqual(expected.scalars)
      })
    }

    it('without debug information there are variables all the same', () => {
      const object = fromElf(
        compile(
          ['-O2'],
          '__attribute__((section("xdp"))) int p(void *c) { extern int level; return level++; } int level = 7;',
        ),
      )
      expect(object.variables).toEqual([{ name: 'level', map: '.data', offset: 0, size: 4 }])
      expect(
        createVm(object)
          .programs.get('p')!
          .run({ data: new Uint8Array(64) }).retval,
      ).toBe(7)
    })
  },
)
