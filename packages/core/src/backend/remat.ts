/**
 * Facts about single values that selection asks for again and again: which can be made anywhere without an operand
 * (constants, frame addresses, map references), which fit an immediate, and what an address is made of.
 */
import type { FunctionDecl, MapDecl } from '../forms/module.ts'
import type { Inst, InstOf, Slot } from '../ssa/inst.ts'

/** A value that needs no register between its uses. */
export type Remat =
  | { readonly kind: 'const'; readonly value: bigint }
  | { readonly kind: 'lea'; readonly slot: Slot; readonly offset: number }
  | { readonly kind: 'map'; readonly map: MapDecl }
  | { readonly kind: 'mapValue'; readonly map: MapDecl; readonly offset: number }
  | { readonly kind: 'function'; readonly function: FunctionDecl }

export function rematOf(inst: Inst): Remat | undefined {
  switch (inst.op) {
    case 'const':
      return { kind: 'const', value: inst.attr.value }
    case 'slot':
      return { kind: 'lea', slot: inst.attr.slot, offset: 0 }
    case 'mapRef':
      return { kind: 'map', map: inst.attr.map }
    case 'mapValue':
      return { kind: 'mapValue', map: inst.attr.map, offset: inst.attr.offset }
    case 'funcRef':
      return { kind: 'function', function: inst.attr.function }
    case 'add': {
      const base = inst.type === 'ptr' ? rematOf(inst.args[0]!) : undefined
      const offset = smallConst(inst.args[1]!)
      if (offset === undefined) return undefined
      if (base?.kind === 'lea') return { ...base, offset: base.offset + offset }
      // The kernel wants the address inside the value (array_map_direct_value_addr).
      if (base?.kind !== 'mapValue') return undefined
      const total = base.offset + offset
      return total >= 0 && total < base.map.valueSize ? { ...base, offset: total } : undefined
    }
    default:
      return undefined
  }
}

/** Equal for equal values. */
export function rematKey(remat: Remat): string {
  switch (remat.kind) {
    case 'const':
      return `const ${remat.value}`
    case 'lea':
      return `lea ${remat.slot.id} ${remat.offset}`
    case 'map':
      return `map ${remat.map.name}`
    case 'mapValue':
      return `mapValue ${remat.map.name} ${remat.offset}`
    case 'function':
      return `function ${remat.function.name}`
  }
}

const OFFSET_LIMIT = 0x3fff

/** A constant that may be part of an address; the limit leaves room for sums of two in 16 bits. */
export function smallConst(inst: Inst): number | undefined {
  if (inst.op !== 'const') return undefined
  const value = BigInt.asIntN(64, inst.attr.value)
  return value >= -OFFSET_LIMIT && value <= OFFSET_LIMIT ? Number(value) : undefined
}

export function isMemoryOp(inst: Inst): inst is InstOf<'load'> | InstOf<'store'> | InstOf<'atomic'> {
  return inst.op === 'load' || inst.op === 'store' || inst.op === 'atomic'
}

/** `base + offset` where the loader decides about the offset. */
export interface CoreSum {
  readonly base: Inst
  readonly offset: InstOf<'coreConst'>
}

/** The sum that an addition is, when its relocatable part fits the immediate that a loader changes. */
export function coreSum(inst: Inst): CoreSum | undefined {
  if (inst.op !== 'add') return undefined
  const [a, b] = inst.args as [Inst, Inst]
  if (b.op === 'coreConst' && isShortCore(b)) return { base: a, offset: b }
  return a.op === 'coreConst' && isShortCore(a) ? { base: b, offset: a } : undefined
}

/** Enumerators may have any 64-bit value on another kernel. */
export function isShortCore(inst: InstOf<'coreConst'>): boolean {
  return inst.attr.query.kind !== 'enumValue' && fitsImmediate(inst.attr.value, 64)
}

/** Address of loads and stores only, which have the relocatable offset themselves. */
export function isCoreAddress(inst: Inst): boolean {
  const sum = coreSum(inst)
  if (!sum || inst.uses.size === 0 || sum.offset.attr.value > 0x7fffn) return false
  return [...inst.uses].every(
    (user) => (user.op === 'load' || user.op === 'store') && user.attr.offset === 0 && addressesOnly(user, inst),
  )
}

/** The instruction uses `ptr` as its address, and for nothing else. */
export function addressesOnly(user: Inst, ptr: Inst): boolean {
  return isMemoryOp(user) && user.args[0] === ptr && user.args.lastIndexOf(ptr) === 0
}

/** The pointer under constant offsets. */
export function rootPointer(ptr: Inst): Inst {
  let root = ptr
  while (root.op === 'add' && root.type === 'ptr' && smallConst(root.args[1]!) !== undefined) root = root.args[0]!
  return root
}

/** The value can be the immediate of an operation of this width. */
export function fitsImmediate(value: bigint, width: 32 | 64): boolean {
  const signed = BigInt.asIntN(64, value)
  return width === 32 || BigInt.asIntN(32, signed) === signed
}

/** A constant store takes the value as its immediate; stores to the context do so only since 6.4. */
export function storesImmediate(store: InstOf<'store'>, value: bigint): boolean {
  if (rootPointer(store.args[0]!).op === 'param' || coreSum(store.args[0]!)) return false
  return store.attr.bits !== 64 || fitsImmediate(value, 64)
}

export function constCost(value: bigint): number {
  return value >> 32n === 0n || fitsImmediate(value, 64) ? 1 : 2
}
