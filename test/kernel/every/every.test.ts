/**
 * Every helper, map type and section of the tables: a minimal program in Lisp, made from the row, compiles and loads into
 * this kernel, or is refused for the reason given. And the tables against the kernel's own lists.
 */
import { release } from 'node:os'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'
import { findEnum, openKernelBtf } from '../../../packages/core/src/btf/kernel-types.ts'
import { readBtf } from '../../../packages/core/src/btf/reader.ts'
import { compileLisp } from '../../../packages/core/src/compile.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import { HELPER_NAMES, helperId } from '../../../packages/core/src/tables/helpers/index.ts'
import { MAP_TYPES, type MapTypeName } from '../../../packages/core/src/tables/map-types.ts'
import { toLispName } from '../../../packages/core/src/tables/names.ts'
import { PROGRAM_TYPES, type ProgramTypeName } from '../../../packages/core/src/tables/program-types.ts'
import { kernelData } from '../../../packages/unplugin-bpf/src/kernel-data.ts'
import { helperProgram } from './helper-program.ts'
import { HELPER_USES, type Use } from './helper-uses.ts'
import { mapUse } from './map-program.ts'
import { REFUSED_SECTIONS } from './refused-sections.ts'
import { SECTION_USERS } from './users.ts'

const usable = kernelUsable()
const known = release().startsWith('6.18.')
const skip = usable.ok ? (known ? undefined : 'the tables are those of Linux 6.18') : usable.reason
const title = (text: string) => (skip === undefined ? text : `${text} (skipped: ${skip})`)

/** Compiles and loads; `refused` says how the compiler or the kernel answers, and why it must. */
function expectUse(use: Use): void {
  const source = typeof use === 'string' ? use : use.source
  const load = () => loadKernelObject(compileLisp(sourceFile('use.bpf.lisp', source), kernelData(undefined)).object)
  if (typeof use === 'string') load().close()
  else expect(load, use.why).toThrow(use.refused)
}
const note = (use: Use | undefined) => (use === undefined || typeof use === 'string' ? '' : `: refused, as ${use.why}`)

describe.skipIf(skip !== undefined)(title('helpers'), () => {
  for (const helper of HELPER_NAMES) {
    const use = HELPER_USES[helper]
    it(`${toLispName(helper)}${note(use)}`, () => expectUse(use ?? helperProgram(helper)))
  }
})

describe.skipIf(skip !== undefined)(title('map types'), () => {
  for (const type of Object.keys(MAP_TYPES) as MapTypeName[]) {
    const use = mapUse(type)
    it(`${toLispName(type)}${note(use)}`, () => expectUse(use))
  }
})

describe.skipIf(skip !== undefined)(title('sections'), () => {
  for (const { type, section, row } of SECTION_USERS) {
    const source = `(defprog use (:type :${toLispName(type)} :section "${section}") (pass-verdict))`
    const refused = REFUSED_SECTIONS[row.name]
    const use = refused ? { source, ...refused } : source
    it(`${section}${note(use)}`, () => expectUse(use))
  }
})

describe.skipIf(skip !== undefined)(title("the kernel's own lists"), () => {
  const ofKernel = (name: string, prefix: string): Map<number, string> => {
    const bytes = kernelData(undefined).kernelBtf?.()
    if (!bytes) throw new Error('this kernel has no BTF')
    const found = findEnum(openKernelBtf(bytes, readBtf), name)
    if (!found) throw new Error(`this kernel has no enum ${name}`)
    const values = [...found.values].filter(([key]) => key.startsWith(prefix))
    return new Map(values.map(([key, value]) => [Number(value), key]))
  }
  const missing = (list: ReadonlyMap<number, string>, ids: readonly number[]) =>
    [...list].filter(([id]) => id !== 0 && !ids.includes(id)).map(([, name]) => name)

  it('have no helper that the table lacks', () => {
    const list = ofKernel('bpf_func_id', 'BPF_FUNC_')
    expect(list.size).toBeGreaterThan(200)
    expect(missing(list, HELPER_NAMES.map(helperId))).toEqual([])
  })

  it('have no map type that the table lacks', () => {
    const ids = (Object.keys(MAP_TYPES) as MapTypeName[]).map((type): number => MAP_TYPES[type].id)
    expect(missing(ofKernel('bpf_map_type', 'BPF_MAP_TYPE_'), ids)).toEqual([])
  })

  it('have no program type that the table lacks', () => {
    const ids = (Object.keys(PROGRAM_TYPES) as ProgramTypeName[]).map((type): number => PROGRAM_TYPES[type].id)
    expect(missing(ofKernel('bpf_prog_type', 'BPF_PROG_TYPE_'), ids)).toEqual([])
  })
})
