/**
 * Writes the body of one function: instructions, and the nesting of blocks, so that a branch is told its label and not
 * its depth. Labels are the nesting height at which their block was opened.
 */
import { Bytes } from './bytes.ts'
import { I32, I64, OP, TYPE } from './ops.ts'

export type Label = number

export class Emitter {
  readonly code = new Bytes()
  private height = 0

  op(opcode: number): this {
    this.code.byte(opcode)
    return this
  }

  get(local: number): this {
    this.code.byte(OP.localGet).unsigned(local)
    return this
  }
  set(local: number): this {
    this.code.byte(OP.localSet).unsigned(local)
    return this
  }
  tee(local: number): this {
    this.code.byte(OP.localTee).unsigned(local)
    return this
  }
  global(access: 'globalGet' | 'globalSet', index: number): this {
    this.code.byte(OP[access]).unsigned(index)
    return this
  }
  i32(value: number): this {
    this.code.byte(I32.const).signed(value)
    return this
  }
  i64(lo: number, hi: number): this {
    this.code.byte(I64.const).signed64(lo, hi)
    return this
  }
  call(index: number): this {
    this.code.byte(OP.call).unsigned(index)
    return this
  }

  /** Load or store at the address on the stack plus `offset`; alignment is never promised. */
  memory(opcode: number, offset = 0): this {
    this.code.byte(opcode).byte(0).unsigned(offset)
    return this
  }

  open(kind: 'block' | 'loop'): Label {
    this.code.byte(OP[kind]).byte(TYPE.none)
    return ++this.height
  }
  /** If the i32 on the stack is not 0; leaves a value of the type. */
  when(type: number = TYPE.none): this {
    this.code.byte(OP.if).byte(type)
    this.height++
    return this
  }
  otherwise(): this {
    this.code.byte(OP.else)
    return this
  }
  close(): this {
    this.code.byte(OP.end)
    this.height--
    return this
  }
  branch(kind: 'br' | 'brIf', label: Label): this {
    this.code.byte(OP[kind]).unsigned(this.height - label)
    return this
  }
  /** The last label is taken for numbers that are too large. */
  table(labels: readonly Label[]): this {
    this.code.byte(OP.brTable).unsigned(labels.length - 1)
    for (const label of labels) this.code.unsigned(this.height - label)
    return this
  }
}
