/**
 * What the lowering functions share: the builder, the types, and the way back to the dispatcher (so that the files of
 * the families do not import each other in circles).
 */
import type { GlobalPlaces } from '../../forms/globals.ts'
import type { FunctionDecl, MapDecl, ProgramDecl } from '../../forms/module.ts'
import type { Form, Label } from '../../forms/node.ts'
import type { Typing } from '../../typed/typing.ts'
import type { IntType, ValueType } from '../../types/types.ts'
import type { Block, Inst, Slot } from '../inst.ts'
import type { SsaBuilder } from './builder.ts'

/** Where a `leave` goes, and the values that arrive there, one per edge. */
export interface Exit {
  readonly target: Block
  readonly values: Inst[]
}

export interface Lowering {
  readonly b: SsaBuilder
  readonly program: ProgramDecl
  readonly typing: Typing
  /** One-entry arrays whose element is addressed directly, without a lookup. */
  readonly directMaps: ReadonlySet<MapDecl>
  readonly globals: GlobalPlaces
  /** The function that is lowered, when it is none of the programs. */
  readonly function: FunctionDecl | undefined
  readonly exits: Map<Label, Exit>
  /** Slots of locals whose address is taken, and of `alloc` forms. */
  readonly slots: Map<object, Slot>
  /** Code for a form, and its value. */
  value(form: Form): Inst
  /** Code for a form whose value nobody wants. */
  effect(form: Form): void
  /** Code that goes to one of two blocks; the caller enters them. */
  branch(form: Form, yes: Block, no: Block): void
}

/** Stack memory; 8 bytes and more are 8-aligned, so that wide stores reach all of it. */
export function newSlot(cx: Lowering, name: string, size: number, align = 1): Slot {
  return cx.b.fn.newSlot(name, size, size >= 8 ? 8 : Math.max(align, size >= 4 ? 4 : size >= 2 ? 2 : 1))
}

export function slotAddress(cx: Lowering, slot: Slot): Inst {
  return cx.b.emit('slot', { slot })
}

/**
 * The value as `to` holds it: truncated, and sign-extended for signed types. `from` is what is known about it; nothing is
 * emitted when it fits already.
 */
export function coerce(cx: Lowering, value: Inst, from: ValueType, to: IntType): Inst {
  const { bits } = to
  if (bits === 64 || value.type === 'ptr') return value
  if (value.op === 'const') {
    const low = BigInt.asUintN(bits, value.attr.value)
    return cx.b.constant(to.signed ? BigInt.asIntN(bits, low) : low)
  }
  if (fits(from, to)) return value
  return to.signed ? cx.b.emit('sext', { bits }, [value]) : cx.b.emit('zext', { bits }, [value])
}

function fits(from: ValueType, to: IntType): boolean {
  if (from.kind !== 'int') return false
  if (from.signed === to.signed) return from.bits <= to.bits
  return to.signed && from.bits < to.bits
}
