/** Checks what the directives of a filetest say, whatever language the file is written in. */
import { expect } from 'vitest'
import type { CompileResult } from '../../packages/core/src/compile.ts'
import { CompileError } from '../../packages/core/src/diag/compile-error.ts'
import type { Diagnostic } from '../../packages/core/src/diag/diagnostic.ts'
import { lineColumn } from '../../packages/core/src/diag/source.ts'
import { type BpfObject, slotCount } from '../../packages/core/src/object/object.ts'
import type { ObjectBackend } from '../../packages/core/src/runtime/backend.ts'
import { hex } from '../kernel/differential.ts'
import type { Directives } from './directives.ts'

type Compile = () => CompileResult | Promise<CompileResult>

export async function expectErrors(compile: Compile, { errors }: Directives): Promise<void> {
  let found: readonly Diagnostic[]
  try {
    found = (await compile()).warnings
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

export function expectSlots(object: BpfObject, { slots }: Directives): void {
  expect(slots.length).toBeGreaterThan(0)
  const counted = object.programs.map((program) => ({ program: program.name, slots: slotCount(program) }))
  expect(counted).toEqual(expect.arrayContaining([...slots]))
}

export function expectRun(backend: ObjectBackend, { runs, maps, rings }: Directives): void {
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
