/**
 * What a pointer points to, as far as its definition tells. The verifier refuses one instruction that reaches memory of
 * different kinds on different paths ("same insn cannot be used with different pointers", kernel/bpf/verifier.c), so
 * merging code asks here.
 */
import type { Inst } from '../ssa/inst.ts'
import { HELPERS } from '../tables/helpers/index.ts'
import type { HelperRow } from '../tables/helpers/row.ts'
import type { PtrSpace } from '../types/types.ts'

/** Undefined when not known, or not the same on all paths. */
export function pointerSpace(ptr: Inst): PtrSpace | undefined {
  const spaces = new Set<PtrSpace | undefined>()
  collectSpaces(ptr, spaces, new Set())
  return spaces.size === 1 ? [...spaces][0] : undefined
}

/** Whether the verifier takes the value for a number where it equals 0: numbers, and pointers that it calls "or null". */
export function isNumberWhenZero(value: Inst, seen = new Set<Inst>()): boolean {
  if (value.type === 'int' || seen.has(value)) return true
  seen.add(value)
  if (value.op === 'phi') return value.args.every((arg) => isNumberWhenZero(arg, seen))
  return value.op === 'call' && (HELPERS[value.attr.helper] as HelperRow).ret.kind.endsWith('OrNull')
}

/** Follows pointer arithmetic and phis to where the pointer comes from. */
function collectSpaces(ptr: Inst, spaces: Set<PtrSpace | undefined>, seen: Set<Inst>): void {
  if (seen.has(ptr)) return
  seen.add(ptr)
  if (ptr.op === 'phi') for (const arg of ptr.args) collectSpaces(arg, spaces, seen)
  else if (ptr.op === 'add' || ptr.op === 'sub') {
    const base = ptr.args.find((arg) => arg.type === 'ptr')
    if (base) collectSpaces(base, spaces, seen)
    else spaces.add(undefined)
  } else spaces.add(originSpace(ptr))
}

function originSpace(ptr: Inst): PtrSpace | undefined {
  switch (ptr.op) {
    case 'param':
      return 'ctx'
    case 'arg':
      return ptr.attr.space
    case 'slot':
      return 'stack'
    case 'mapRef':
      return 'map'
    case 'mapValue':
      return 'mapValue'
    case 'load':
      return ptr.attr.space
    case 'call': {
      const { ret } = HELPERS[ptr.attr.helper] as HelperRow
      if (ret.kind === 'mapValueOrNull') return 'mapValue'
      if (ret.kind === 'recordOrNull') return 'ringbuf'
      return ret.kind === 'ptr' ? ret.space : undefined
    }
    default:
      return undefined
  }
}
