import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeInsns } from '../../../packages/core/src/bpf/decode.ts'
import { encodeInsns } from '../../../packages/core/src/bpf/encode.ts'
import type { Insn } from '../../../packages/core/src/bpf/insn.ts'
import { runInsns } from '../../../packages/core/src/vm/bare.ts'
import { conformanceRaw, parseConformance } from '../../support/conformance.ts'

/** Data of the bpf_conformance project: where BPF_CONFORMANCE_DIR says, or in a folder beside the repository. */
const beside = join(import.meta.dirname, '../../../..')
const candidates = readdirSync(beside).map((name) => join(beside, name, 'conformance/bpf_conformance'))
const folder = process.env.BPF_CONFORMANCE_DIR ?? candidates.find((path) => existsSync(path)) ?? 'none'
const list = (name: string) => {
  const path = join(folder, name)
  return existsSync(path) ? readdirSync(path).filter((file) => file.endsWith('.data')) : []
}
const read = (name: string, file: string) => readFileSync(join(folder, name, file), 'utf8')
const positive = list('tests')
const negative = list('negative')
const why = positive.length > 0 ? '' : ' (skipped: no bpf_conformance data; set BPF_CONFORMANCE_DIR)'

/** callx (call of a register) is in the suite, but no kernel takes it. */
const usesCallx = (insns: readonly Insn[]) => insns.some((insn) => insn.opcode === 0x8d)

describe.skipIf(positive.length === 0)(`bpf_conformance${why}`, () => {
  test.each(positive)('%s', (file) => {
    const { insns, memory, result } = parseConformance(read('tests', file))
    expect(result, 'the file says a result').toBeDefined()
    for (const engine of ['interpreter', 'wasm'] as const) {
      expect(runInsns(insns, memory, { engine }).r0, engine).toBe(BigInt.asUintN(64, result!))
    }
    // The bytes go the same way.
    if (!usesCallx(insns)) expect(decodeInsns(encodeInsns(insns))).toEqual(insns)
  })

  test.each(negative)('%s is refused', (file) => {
    expect(() => decodeInsns(conformanceRaw(read('negative', file)))).toThrow()
  })
})
