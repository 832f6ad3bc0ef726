/**
 * What a pointer points to, as far as its definition tells. The verifier refuses one instruction that reaches memory of
 * different kinds on different paths ("same insn cannot be used with different pointers", kernel/bpf/verifier.c), so
 * merging code asks here.
 */
import type { Inst } from '../ssa/func.ts'
import { HELPERS } from '../tables/helpers/index.ts'
import type { HelperRow } from '../tables/helpers/row.ts'
import type { PtrSpace } from '../types/types.ts'

export function pointerSpace(ptr: Inst, depth = 0): PtrSpace | undefined {
  if (depth > 8) return undefined
  switch (ptr.op) {
    case 'param':
      return 'ctx'
    case 'slot':
      return 'stack'
    case 'mapRef':
      return 'map'
    case 'mapValue':
      return 'mapValue'
    case 'load':
      return ptr.attr.space
    case 'add':
    case 'sub': {
      const base = ptr.args.find((arg) => arg.type === 'ptr')
      return base && pointerSpace(base, depth + 1)
    }
    case 'call': {
      const { ret } = HELPERS[ptr.attr.helper] as HelperRow
      if (ret.kind === 'mapValueOrNull') return 'mapValue'
      if (ret.kind === 'recordOrNull') return 'ringbuf'
      return ret.kind === 'ptr' ? ret.space : undefined
    }
    case 'phi': {
      const spaces = new Set(ptr.args.filter((arg) => arg !== ptr).map((arg) => pointerSpace(arg, depth + 1)))
      return spaces.size === 1 ? [...spaces][0] : undefined
    }
    default:
      return undefined
  }
}
