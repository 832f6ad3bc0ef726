/** What each optional pass is worth: slots of every program without it. */
import { slotCount } from '../../packages/core/src/object/object.ts'
import { PIPELINE } from '../../packages/core/src/opt/pipeline.ts'
import { compileProgram } from '../support/programs.ts'
import { KINDRED, PROGRAMS } from './slots.ts'

export interface PassRow {
  /** A pass, `none` left out, or `all` of them. */
  readonly without: string
  readonly slots: Readonly<Record<string, number>>
}

export function passTable(): PassRow[] {
  const passes = PIPELINE.flatMap((step) => step.passes).filter((pass) => !pass.required)
  const names = [...new Set(passes.map((pass) => pass.name))]
  return [
    { without: 'none', slots: slotsWithout([]) },
    ...names.map((name) => ({ without: name, slots: slotsWithout([name]) })),
    { without: 'all', slots: slotsWithout(['all']) },
  ]
}

function slotsWithout(skip: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    [...PROGRAMS, ...KINDRED].map((name) => {
      const { object } = compileProgram(name, { skip })
      return [name, object.programs.reduce((sum, program) => sum + slotCount(program), 0)]
    }),
  )
}
