/**
 * Every `.bpf.lisp` file below this folder is a test that states its own expectations (test/runner/directives.ts). A
 * `run` file is executed four times: in the VM and in the kernel, each with all optional passes on and off.
 */
import { readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { globSync } from 'tinyglobby'
import { describe, expect, it } from 'vitest'
import { compileLisp } from '../../packages/core/src/compile.ts'
import { CompileError } from '../../packages/core/src/diag/diagnostic.ts'
import { lineColumn, sourceFile } from '../../packages/core/src/diag/source.ts'
import { slotCount } from '../../packages/core/src/object/object.ts'
import type { ObjectBackend } from '../../packages/core/src/runtime/backend.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { hex } from '../kernel/differential.ts'
import { type Directives, readDirectives } from '../runner/directives.ts'
import { canUseKernel } from '../support/kernel-oracle.ts'

const here = import.meta.dirname
const files = globSync('**/*.bpf.lisp', { cwd: here, absolute: true }).sort()
const kernel = canUseKernel()

for (const path of files) {
  const text = readFileSync(path, 'utf8')
  const directives = readDirectives(text)
  describe(relative(here, path), () => {
    it('says what it tests', () => {
      expect(directives.kinds.length).toBeGreaterThan(0)
    })
    const file = sourceFile(basename(path), text)
    if (directives.kinds.includes('errors'))
      it('errors', () => expectErrors(() => compileLisp(file, host(path)), directives))
    if (directives.kinds.includes('slots'))
      it('slots', () => expectSlots(compileLisp(file, host(path)).object, directives))
    if (directives.kinds.includes('run')) {
      for (const skip of [[], ['all']]) {
        const passes = skip.length > 0 ? 'passes off' : 'passes on'
        const compile = () => compileLisp(file, host(path), { skip }).object
        it(`VM, ${passes}`, () => expectRun(createVm(compile()), directives))
        const title = kernel.ok ? `kernel, ${passes}` : `kernel, ${passes} (skipped: ${kernel.reason})`
        it.skipIf(!kernel.ok)(title, () => expectRun(loadKernelObject(compile()), directives))
      }
    }
  })
}

function host(path: string) {
  return {
    readText(name: string) {
      const other = join(path, '..', name)
      try {
        return { name: basename(other), text: readFileSync(other, 'utf8') }
      } catch {
        return undefined
      }
    },
  }
}

function expectErrors(compile: () => { warnings: readonly unknown[] }, { errors }: Directives): void {
  let found: CompileError['diagnostics'] = []
  try {
    found = compile().warnings as CompileError['diagnostics']
  } catch (error) {
    if (!(error instanceof CompileError)) throw error
    found = error.diagnostics
  }
  const shown = found.map((d) => {
    const place = d.span ? lineColumn(d.span.file, d.span.start) : { line: 0, column: 0 }
    return { ...place, severity: d.severity, code: d.code, text: [d.message, d.hint ?? ''].join('\n') }
  })
  const key = (d: { line: number; column: number; severity: string; code: string }): string =>
    `${d.line}:${d.column} ${d.severity}[${d.code}]`
  expect(shown.map(key).sort()).toEqual(errors.map(key).sort())
  for (const error of errors) {
    expect(shown.find((d) => key(d) === key(error))?.text).toContain(error.fragment)
  }
}

function expectSlots(object: ReturnType<typeof compileLisp>['object'], { slots }: Directives): void {
  expect(slots.length).toBeGreaterThan(0)
  const counted = object.programs.map((program) => ({ program: program.name, slots: slotCount(program) }))
  expect(counted).toEqual(expect.arrayContaining([...slots]))
}

function expectRun(backend: ObjectBackend, { runs, maps, rings }: Directives): void {
  try {
    expect(runs.length).toBeGreaterThan(0)
    const records = new Map<string, string[]>()
    for (const [index, { program, input, verdict }] of runs.entries()) {
      const { retval } = backend.programs.get(program)!.run(input)
      expect({ run: index + 1, retval: retval >>> 0 }).toEqual({ run: index + 1, retval: verdict })
      for (const [name, map] of backend.maps) {
        map.ring?.drain((record) => records.set(name, [...(records.get(name) ?? []), hex(record)]), 1000)
      }
    }
    for (const { map, key, value } of maps) {
      expect({ map, key, value: readValue(backend, map, key) }).toEqual({ map, key, value })
    }
    for (const ring of rings) expect(records.get(ring.map) ?? []).toEqual(ring.records)
  } finally {
    backend.close()
  }
}

/** The integer under an integer key; the sum over CPUs for per-CPU maps. */
function readValue(backend: ObjectBackend, name: string, key: bigint): bigint | undefined {
  const map = backend.maps.get(name)
  if (!map) throw new Error(`no map ${name}`)
  const bytes = map.lookup(littleEndian(key, map.spec.keySize))
  if (!bytes) return undefined
  const size = map.spec.valueSize
  const step = map.cpus > 1 || bytes.length > size ? Math.ceil(size / 8) * 8 : size
  let sum = 0n
  for (let at = 0; at < bytes.length; at += step) sum += integer(bytes.subarray(at, at + size))
  return sum
}

function littleEndian(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}

function integer(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}
