/** Rules for addresses and stored values. Offsets of instructions are 16 bits, signed (RFC 9669, section 3). */
import { truncate } from '../../arith/alu.ts'
import type { Inst } from '../../ssa/inst.ts'
import type { Rule } from './rule.ts'
import { constantOf } from './rule.ts'

/** Base and added constant of an address `p + c`. */
function splitAddress(address: Inst): { base: Inst; added: number } | undefined {
  if (address.op !== 'add' || address.attr.width !== 64) return undefined
  const value = constantOf(address.args[1])
  if (value === undefined) return undefined
  const added = BigInt.asIntN(64, value)
  return added >= -0x8000n && added <= 0x7fffn ? { base: address.args[0]!, added: Number(added) } : undefined
}

/** load (p + c)+o  ->  load p+(o + c),  and so for store and atomic */
const foldOffset: Rule = (inst, cx) => {
  if (inst.op !== 'load' && inst.op !== 'store' && inst.op !== 'atomic') return undefined
  const address = inst.args[0]!
  const split = splitAddress(address)
  if (!split) return undefined
  // A pointer that moves on (a loop, a header of unknown length) is in use as it is; its old value would have to be kept.
  if (split.base.op === 'phi' && address.uses.size > 1) return undefined
  const offset = inst.attr.offset + split.added
  if (offset < -0x8000 || offset > 0x7fff) return undefined
  const args = [split.base, ...inst.args.slice(1)]
  switch (inst.op) {
    case 'load':
      return cx.make('load', { ...inst.attr, offset }, args, inst.type)
    case 'store':
      return cx.make('store', { ...inst.attr, offset }, args)
    case 'atomic':
      return cx.make('atomic', { ...inst.attr, offset }, args, inst.type)
  }
}

/** (value of m)+o + c  ->  (value of m)+(o + c)  inside the value */
const foldMapValue: Rule = (inst, cx) => {
  const split = splitAddress(inst)
  if (split?.base.op !== 'mapValue') return undefined
  const { map, offset } = split.base.attr
  const sum = offset + split.added
  return sum >= 0 && sum < map.valueSize ? cx.make('mapValue', { map, offset: sum }) : undefined
}

/** store.b p, c  ->  the constant as stored, so that equal stores look equal */
const storedConstant: Rule = (inst, cx) => {
  if (inst.op !== 'store') return undefined
  const [p, value] = inst.args
  if (value!.op !== 'const') return undefined
  const kept = truncate(value!.attr.value, inst.attr.bits)
  return kept === value!.attr.value ? undefined : cx.make('store', inst.attr, [p!, cx.constant(kept)])
}

export const MEMORY_RULES: readonly Rule[] = [foldOffset, foldMapValue, storedConstant]
