/** The committed generated tables are what the generator writes; on a machine with BTF, the input is what the kernel says. */
import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { describe, expect, it } from 'vitest'
import { readBtf } from '../../../packages/core/src/btf/reader.ts'
import { extractBtf } from '../../../scripts/tables/extract-btf.ts'
import { generateTables } from '../../../scripts/tables/generate.ts'
import { generateDsl } from '../../../scripts/tables/generate-dsl.ts'
import { inputText, type KernelInput } from '../../../scripts/tables/kernel-input.ts'

const ROOT = new URL('../../../', import.meta.url)
const inputFile = readFileSync(new URL('scripts/input/kernel-6.18.json', ROOT), 'utf8')
const input = JSON.parse(inputFile) as KernelInput

const VMLINUX = '/sys/kernel/btf/vmlinux'
const sameKernel = existsSync(VMLINUX) && release().startsWith(`${input.kernel}.`)

describe('generated tables', () => {
  it.each(Object.entries(generateTables(input)))('%s.ts is up to date', (name, text) => {
    expect(readFileSync(new URL(`packages/core/src/tables/generated/${name}.ts`, ROOT), 'utf8')).toBe(text)
  })

  it.each(Object.entries(generateDsl()))('dsl/generated/%s.ts is up to date', (name, text) => {
    expect(readFileSync(new URL(`packages/core/src/dsl/generated/${name}.ts`, ROOT), 'utf8')).toBe(text)
  })

  it('the input is written in its normal form', () => {
    expect(inputText(input)).toBe(inputFile)
  })
})

describe.skipIf(!sameKernel)(
  `BTF of the running kernel ${sameKernel ? '' : `(skipped: needs Linux ${input.kernel} with BTF)`}`,
  () => {
    it('gives the committed enums, constants and structs', () => {
      const { enums, constants, structs } = extractBtf(readBtf(readFileSync(VMLINUX)))
      expect(enums).toEqual(input.enums)
      expect(constants).toEqual(input.constants)
      // Registers of another architecture differ.
      const { pt_regs: _, bpf_perf_event_data: __, ...rest } = structs
      const { pt_regs: ___, bpf_perf_event_data: ____, ...committed } = input.structs
      expect(rest).toEqual(committed)
    })
  },
)
