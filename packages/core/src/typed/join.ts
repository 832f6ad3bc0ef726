/**
 * The lattice of inference: how types of one value from several places combine.
 *
 *   ZERO  <  every pointer (a null)  and  every integer
 *   VOID  <  everything (the path does not come back)
 *   pointer + integer: the pointer, and a conflict that the caller reports
 */
import type { IntType, PtrType, ValueType } from '../types/types.ts'
import { ptrTo, u64, VOID } from '../types/types.ts'

/** Type of a value known to be 0; compared by identity, elsewhere an ordinary u64. */
export const ZERO: IntType = { kind: 'int', bits: 64, signed: false }

export function joinTypes(a: ValueType, b: ValueType): ValueType {
  if (a === b || b === VOID) return a
  if (a === VOID) return b
  if (a.kind === 'ptr' && b.kind === 'ptr') return joinPointers(a, b)
  if (a.kind === 'ptr') return b === ZERO ? nullable(a) : a
  if (b.kind === 'ptr') return a === ZERO ? nullable(b) : b
  return u64
}

/** Does one place give a pointer and the other a number that is not 0? */
export function typesConflict(a: ValueType, b: ValueType): boolean {
  const number = (type: ValueType) => type.kind === 'int' && type !== ZERO
  return (a.kind === 'ptr' && number(b)) || (b.kind === 'ptr' && number(a))
}

function nullable(type: PtrType): PtrType {
  return type.nullable ? type : ptrTo(type.space, { nullable: true, pointee: type.pointee })
}

/** `stack` wins over other spaces, because it has the strictest alignment rule. */
function joinPointers(a: PtrType, b: PtrType): PtrType {
  const space = a.space === b.space || a.space === 'stack' ? a.space : b.space === 'stack' ? b.space : a.space
  const pointee = a.pointee === b.pointee ? a.pointee : undefined
  const isNullable = a.nullable || b.nullable
  if (space === a.space && pointee === a.pointee && isNullable === a.nullable) return a
  return ptrTo(space, { nullable: isNullable, pointee })
}

export function sameType(a: ValueType, b: ValueType): boolean {
  if (a === b) return true
  if (a === ZERO || b === ZERO) return false
  if (a.kind === 'ptr' && b.kind === 'ptr') {
    return a.space === b.space && a.nullable === b.nullable && a.pointee === b.pointee
  }
  if (a.kind === 'int' && b.kind === 'int') return a.bits === b.bits && a.signed === b.signed
  return a.kind === b.kind
}
