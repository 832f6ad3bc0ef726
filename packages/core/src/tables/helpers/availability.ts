/** Which program types may call which helpers, from the generated table (asked of a running kernel). */
import { HELPER_AVAILABILITY } from '../generated/helper-availability.ts'
import { HELPER_IDS } from '../generated/helper-ids.ts'
import type { ProgramTypeName } from '../program-types.ts'
import { type HelperName, helperRow } from './index.ts'

interface BitSets {
  readonly free: bigint
  readonly gpl: bigint
}

const SETS: Readonly<Record<string, BitSets>> = HELPER_AVAILABILITY

export interface HelperUser {
  readonly type: ProgramTypeName
  /** Without `BPF_`; undefined: any. */
  readonly attachType?: string | undefined
}

/** Set of the attach type; without one, the sets of all attach types of the program type. */
function setsOf(user: HelperUser): readonly BitSets[] {
  const exact = user.attachType === undefined ? undefined : (SETS[`${user.type}:${user.attachType}`] ?? SETS[user.type])
  if (exact) return [exact]
  return Object.entries(SETS)
    .filter(([key]) => key === user.type || key.startsWith(`${user.type}:`))
    .map(([, sets]) => sets)
}

const has = (set: bigint, helper: HelperName): boolean => ((set >> BigInt(HELPER_IDS[helper])) & 1n) === 1n

/** `unknown`: the table has nothing on the program type (tracing, LSM, ... depend on the attach target). */
export function helperAllowed(user: ProgramTypeName | HelperUser, helper: HelperName): boolean | 'unknown' {
  const sets = setsOf(typeof user === 'string' ? { type: user } : user)
  if (sets.length === 0) return 'unknown'
  return sets.some((s) => has(s.free | s.gpl, helper))
}

/** Whether the helper needs a GPL-compatible licence in this program type; differs between types for a few helpers. */
export function helperNeedsGpl(user: ProgramTypeName | HelperUser, helper: HelperName): boolean {
  const sets = setsOf(typeof user === 'string' ? { type: user } : user).filter((s) => has(s.free | s.gpl, helper))
  return sets.length === 0 ? helperRow(helper).gplOnly === true : sets.every((s) => has(s.gpl, helper))
}
