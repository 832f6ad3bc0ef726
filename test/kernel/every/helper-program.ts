/**
 * The smallest program that calls a helper, made from nothing but its row: arguments from the kinds of the columns, the
 * program type from the table of who may call it.
 */
import { helperAllowed } from '../../../packages/core/src/tables/helpers/availability.ts'
import { type HelperName, helperRow } from '../../../packages/core/src/tables/helpers/index.ts'
import type { ArgKind } from '../../../packages/core/src/tables/kinds.ts'
import { MAP_TYPES, type MapTypeName } from '../../../packages/core/src/tables/map-types.ts'
import { toLispName } from '../../../packages/core/src/tables/names.ts'
import { declareMap } from './map-program.ts'
import { SECTION_USERS, type SectionUser } from './users.ts'

/** Bytes of the memory that is passed; every helper with a fixed size is content with it. */
const BYTES = 32

export function helperProgram(helper: HelperName): string {
  const { args } = helperRow(helper)
  const user = userOf(helper)
  const maps = args.flatMap((arg) => (arg.kind === 'map' ? [declareMap('m', mapTypeOf(arg))] : []))
  const values = args.map((arg) => argument(arg))
  const call = `(${toLispName(helper)} ${values.join(' ')})`
  return `${maps.join('\n')}
(defprog use (:type :${toLispName(user.type)} :section "${user.section}")
  (let ((memory (struct-alloc ${BYTES})) (more (struct-alloc ${BYTES})))
    ${call})
  (pass-verdict))`
}

/** The first section whose programs may call it; one that may sleep, when the helper does. */
export function userOf(helper: HelperName): SectionUser {
  const { sleepable = false } = helperRow(helper)
  const user = SECTION_USERS.find(
    ({ type, row }) =>
      (row.sleepable ?? false) === sleepable && helperAllowed({ type, attachType: row.attachType }, helper) === true,
  )
  if (user === undefined) throw new Error(`no program type of the table may call ${helper}`)
  return user
}

function mapTypeOf(arg: ArgKind & { kind: 'map' }): MapTypeName {
  return arg.types?.find((type) => type in MAP_TYPES) ?? 'hash'
}

function argument(arg: ArgKind): string {
  switch (arg.kind) {
    case 'ctx':
      return '(ctx-ptr)'
    case 'map':
      return 'm'
    case 'mem':
      return arg.access === 'write' ? 'memory' : 'more'
    case 'mapKey':
    case 'mapValue':
      return 'more'
    case 'size':
      return '8'
    default:
      return '0'
  }
}
