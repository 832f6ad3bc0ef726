/** Reading and writing locals: SSA variables, or stack slots when their address is taken. */
import type { Form, FormOf, Local } from '../../forms/node.ts'
import { isPointer, localType, typeOf } from '../../typed/typing.ts'
import type { Inst, Slot } from '../inst.ts'
import type { Lowering } from './lowering.ts'
import { coerce, newSlot, slotAddress } from './lowering.ts'

function slotOfLocal(cx: Lowering, local: Local): Slot {
  let slot = cx.slots.get(local)
  if (!slot) {
    const type = localType(cx.typing, local)
    const size = type.kind === 'int' ? type.bits / 8 : 8
    slot = newSlot(cx, local.name, size)
    cx.slots.set(local, slot)
  }
  return slot
}

export function addressOfLocal(cx: Lowering, local: Local): Inst {
  return slotAddress(cx, slotOfLocal(cx, local))
}

export function readLocal(cx: Lowering, local: Local): Inst {
  if (!cx.typing.addressed.has(local)) return cx.b.read(local)
  const type = localType(cx.typing, local)
  const address = addressOfLocal(cx, local)
  if (isPointer(type)) return cx.b.emit('load', { bits: 64, offset: 0, space: type.space }, [address])
  const bits = type.kind === 'int' ? type.bits : 64
  const value = cx.b.emit('load', { bits, offset: 0 }, [address])
  return type.kind === 'int' && type.signed && bits < 64
    ? cx.b.emit('sext', { bits: bits as 8 | 16 | 32 }, [value])
    : value
}

/** Assigns; the result is the value as the local holds it. */
export function writeLocal(cx: Lowering, local: Local, value: Inst, form: Form | undefined): Inst {
  const type = localType(cx.typing, local)
  const from = form ? typeOf(cx.typing, form) : type
  const held = type.kind === 'int' ? coerce(cx, value, from, type) : value
  if (cx.typing.addressed.has(local)) {
    const bits = type.kind === 'int' ? type.bits : 64
    cx.b.emit('store', { bits, offset: 0 }, [addressOfLocal(cx, local), held])
  } else {
    cx.b.write(local, held)
  }
  return held
}

/** Initialisers first, all of them, then the bindings: they are parallel. */
export function bindLocals(cx: Lowering, form: FormOf<'let'>): void {
  const values = form.bindings.map(({ init }) => (init ? cx.value(init) : cx.b.constant(0)))
  for (const [i, { local, init }] of form.bindings.entries()) writeLocal(cx, local, values[i]!, init)
}

export function lowerSet(cx: Lowering, form: FormOf<'set'>): Inst {
  return writeLocal(cx, form.local, cx.value(form.value), form.value)
}
