/**
 * Random SSA functions of the shapes that front ends make: arithmetic of every op, diamonds, early returns, bounded
 * loops, stack slots (always written before they are read), packet reads behind a bounds check, map lookups behind a null
 * check. Every function ends for every input.
 */

import { sourceFile } from '../../packages/core/src/diag/source.ts'
import type { MapDecl, ProgramDecl } from '../../packages/core/src/forms/module.ts'
import { Func } from '../../packages/core/src/ssa/func.ts'
import type { Block, Inst, OpAttrs, Slot } from '../../packages/core/src/ssa/inst.ts'
import type { BinaryOpName, Pred } from '../../packages/core/src/tables/ir-ops.ts'
import type { IntBits } from '../../packages/core/src/types/types.ts'
import type { Random } from './random.ts'
import { randomFrom } from './random.ts'

const span = { file: sourceFile('random.ssa', 'random\n'), start: 0, end: 6 }

export const testProgram: ProgramDecl = {
  name: 'p',
  type: 'xdp',
  section: 'xdp',
  attachType: 'XDP',
  license: 'GPL',
  body: { kind: 'const', value: 0n, span },
  span,
}

export function testMap(name: string, more: Partial<MapDecl> = {}): MapDecl {
  const sizes = { keySize: 4, valueSize: 16, keyType: undefined, valueType: undefined }
  return { name, type: 'hash', ...sizes, maxEntries: 16, flags: 0, span, ...more }
}

const BINARY: readonly BinaryOpName[] = [
  'add',
  'sub',
  'mul',
  'udiv',
  'umod',
  'and',
  'or',
  'xor',
  'shl',
  'lshr',
  'ashr',
  'sdiv',
  'smod', // biome-ignore format: one row
]
const PREDS: readonly Pred[] = ['eq', 'ne', 'ult', 'ule', 'ugt', 'uge', 'slt', 'sle', 'sgt', 'sge', 'set']
const BITS = [8, 16, 32, 64] as const

export interface RandomFuncOptions {
  /** Number of statements, roughly; absent: a handful, mostly. */
  readonly size?: number
  readonly ops?: readonly BinaryOpName[]
  /** Only what the kernel takes of an XDP context: its numbers are 32 bits wide and end at byte 24. */
  readonly realContext?: boolean
}

export function randomFunc(seed: number, options: RandomFuncOptions = {}): Func {
  return new Generator(randomFrom(seed), options).run()
}

class Generator {
  readonly #random: Random
  readonly #ops: readonly BinaryOpName[]
  readonly #fn = new Func(testProgram)
  readonly #slots: { readonly slot: Slot; readonly address: Inst }[] = []
  readonly #maps = [
    testMap('table'),
    testMap('single', { type: 'array', maxEntries: 1 }),
    testMap('counts', { type: 'array', maxEntries: 3, valueSize: 8 }),
    testMap('structs', { keySize: 8, valueSize: 8 }),
  ]
  readonly #ctx: Inst
  readonly #realContext: boolean
  readonly #exhaustive: boolean
  #block: Block
  #budget: number
  /** Number values that may be used here. */
  #ints: Inst[] = []

  constructor(random: Random, options: RandomFuncOptions) {
    this.#random = random
    this.#ops = options.ops ?? BINARY
    this.#realContext = options.realContext ?? false
    this.#exhaustive = options.size !== undefined
    this.#budget = options.size ?? 5 + random.below(40)
    this.#block = this.#fn.newBlock()
    this.#ctx = this.#fn.append(this.#block, 'param', { index: 0 }, [], { span })
  }

  run(): Func {
    this.#ints.push(this.#constant(), this.#constant())
    for (const bits of BITS) this.#ints.push(this.#contextNumber(bits, 48))
    for (let i = this.#random.below(3); i >= 0; i--) this.#newSlot(i)
    do this.#statements(0)
    while (this.#exhaustive && this.#budget > 0)
    this.#fn.setReturn(this.#block, this.#int(), span)
    return this.#fn
  }

  #contextNumber(bits: IntBits, offset: number): Inst {
    if (!this.#realContext) return this.#add('load', { bits, offset }, [this.#ctx])
    const word = this.#add('load', { bits: 32, offset: 12 }, [this.#ctx])
    return bits === 8 || bits === 16 ? this.#add('zext', { bits }, [word]) : word
  }

  #newSlot(index: number): void {
    const slot = this.#fn.newSlot(`local${index}`, 16, 8)
    const address = this.#add('slot', { slot })
    this.#slots.push({ slot, address })
    for (const offset of [0, 8]) this.#add('store', { bits: 64, offset }, [address, this.#int()])
  }

  #add<K extends Inst['op']>(op: K, attr: OpAttrs[K], args: readonly Inst[] = [], type?: 'ptr'): Inst {
    return this.#fn.append(this.#block, op, attr, args, { span, type }) as Inst
  }

  #constant(): Inst {
    return this.#add('const', { value: this.#random.u64() })
  }

  #int(): Inst {
    return this.#random.oneIn(5) ? this.#constant() : this.#random.pick(this.#ints)
  }

  #width(): 32 | 64 {
    return this.#random.oneIn(3) ? 32 : 64
  }

  #statements(depth: number): void {
    for (let n = 1 + this.#random.below(8); n > 0 && this.#budget > 0; n--) {
      this.#budget--
      this.#statement(depth)
    }
  }

  #statement(depth: number): void {
    const kind = this.#random.below(depth < 4 ? 18 : 9)
    if (kind < 4) this.#ints.push(this.#arithmetic())
    else if (kind === 4) this.#ints.push(this.#compareValue())
    else if (kind === 5) this.#ints.push(this.#unary())
    else if (kind === 6) this.#ints.push(this.#slotLoad())
    else if (kind === 7) this.#slotStore()
    else if (kind === 8)
      this.#ints.push(this.#add('load', { bits: 32, offset: 4 * this.#random.below(2) + 12 }, [this.#ctx]))
    else if (kind < 11) this.#diamond(depth)
    else if (kind === 11) this.#loop(depth)
    else if (kind === 12) this.#packetRead(depth)
    else if (kind === 13) this.#mapUse(depth)
    else if (kind < 16) this.#bump()
    else if (kind === 16) this.#events(depth)
    else this.#structKey()
  }

  #arithmetic(): Inst {
    const op = this.#random.pick(this.#ops)
    return this.#add(op, { width: this.#width() }, [this.#int(), this.#int()])
  }

  #compareValue(): Inst {
    return this.#add('cmp', { pred: this.#random.pick(PREDS), width: this.#width() }, [this.#int(), this.#int()])
  }

  #unary(): Inst {
    switch (this.#random.below(4)) {
      case 0:
        return this.#add('neg', { width: this.#width() }, [this.#int()])
      case 1:
        return this.#add('bswap', { bits: this.#random.pick([16, 32, 64] as const) }, [this.#int()])
      case 2:
        return this.#add('zext', { bits: this.#random.pick([8, 16, 32] as const) }, [this.#int()])
      default:
        return this.#add('sext', { bits: this.#random.pick([8, 16, 32] as const) }, [this.#int()])
    }
  }

  #place(): { bits: 8 | 16 | 32 | 64; offset: number; address: Inst } {
    const bits = this.#random.pick(BITS)
    const { slot, address } = this.#random.pick(this.#slots)
    return { bits, offset: (bits / 8) * this.#random.below((slot.size * 8) / bits), address }
  }

  #slotLoad(): Inst {
    const { address, ...attr } = this.#place()
    return this.#add('load', attr, [address])
  }

  #slotStore(): void {
    const { address, ...attr } = this.#place()
    this.#add('store', attr, [address, this.#int()])
  }

  #branch(left: Inst, right: Inst, pred = this.#random.pick(PREDS), width = this.#width()): [Block, Block] {
    const targets: [Block, Block] = [this.#fn.newBlock(), this.#fn.newBlock()]
    this.#fn.setBranch(this.#block, { pred, width }, [left, right], targets, span)
    return targets
  }

  #diamond(depth: number): void {
    const [yes, no] = this.#branch(this.#int(), this.#int())
    const before = this.#ints
    const ends: { block: Block; ints: Inst[] }[] = []
    for (const arm of [yes, no]) {
      this.#block = arm
      this.#ints = [...before]
      if (!this.#random.oneIn(4)) this.#statements(depth + 1)
      if (arm === yes && this.#random.oneIn(5)) this.#fn.setReturn(this.#block, this.#int(), span)
      else ends.push({ block: this.#block, ints: this.#ints })
    }
    this.#join(ends, before)
  }

  #join(ends: readonly { block: Block; ints: readonly Inst[] }[], before: readonly Inst[]): void {
    const join = this.#fn.newBlock()
    for (const { block } of ends) this.#fn.setJump(block, join, span)
    this.#block = join
    this.#ints = [...before]
    for (let n = this.#random.below(3); n > 0; n--) {
      const args = ends.map(({ ints }) => this.#random.pick(ints))
      this.#ints.push(this.#fn.addPhi(join, 'int', args, span))
    }
  }

  #loop(depth: number): void {
    const before = [...this.#ints]
    const zero = this.#add('const', { value: 0n })
    const start = this.#int()
    const header = this.#fn.newBlock()
    this.#fn.setJump(this.#block, header, span)
    const index: Inst = this.#fn.addPhi(header, 'int', [zero], span)
    const sum: Inst = this.#fn.addPhi(header, 'int', [start], span)
    this.#block = header
    this.#ints = [...before, index, sum]
    const limit = this.#add('const', { value: BigInt(this.#random.below(6)) })
    const [body, exit] = this.#branch(index, limit, 'ult', 64)
    this.#block = body
    this.#statements(depth + 2)
    const one = this.#add('const', { value: 1n })
    const next = this.#add('add', { width: 64 }, [index, one])
    const value = this.#int()
    this.#fn.setJump(this.#block, header, span)
    this.#fn.pushArg(index, next)
    this.#fn.pushArg(sum, value)
    this.#block = exit
    this.#ints = [...before, index, sum]
  }

  #packetRead(depth: number): void {
    const data = this.#add('load', { bits: 32, offset: 0, space: 'packet' }, [this.#ctx])
    const end = this.#add('load', { bits: 32, offset: 4, space: 'packetEnd' }, [this.#ctx])
    const length = 8 * (1 + this.#random.below(6))
    const limit = this.#add('add', { width: 64 }, [data, this.#add('const', { value: BigInt(length) })])
    const [short, enough] = this.#branch(limit, end, 'ugt', 64)
    const before = this.#ints
    this.#block = enough
    this.#ints = [...before]
    const bits = this.#random.pick(BITS)
    const attr = { bits, offset: this.#random.below(length - bits / 8 + 1) }
    this.#ints.push(this.#add('load', attr, [data]))
    if (this.#random.oneIn(3)) this.#add('store', attr, [data, this.#int()])
    this.#statements(depth + 1)
    this.#join(
      [
        { block: this.#block, ints: this.#ints },
        { block: short, ints: before },
      ],
      before,
    )
  }

  #mapUse(depth: number): void {
    const before = this.#ints
    const [table, single] = this.#maps as [MapDecl, MapDecl]
    const bits = this.#random.pick([32, 64] as const)
    const attr = { bits, offset: 8 * this.#random.below(2) }
    if (this.#random.oneIn(3)) {
      const value = this.#add('mapValue', { map: single, offset: 0 })
      this.#memoryUse(value, attr)
      return
    }
    const map = this.#random.oneIn(3) ? single : table
    const key = this.#key()
    const found = this.#add('call', { helper: 'map_lookup_elem' }, [this.#add('mapRef', { map }), key], 'ptr')
    const [absent, present] = this.#branch(found, this.#add('const', { value: 0n }), 'eq', 64)
    this.#block = present
    this.#ints = [...before]
    this.#memoryUse(found, attr)
    this.#statements(depth + 1)
    this.#join(
      [
        { block: absent, ints: before },
        { block: this.#block, ints: this.#ints },
      ],
      before,
    )
  }

  /** Counts an event: the element of a constant index, if there, gets one more. */
  #bump(index = BigInt(this.#random.below(4))): void {
    const address = this.#add('slot', { slot: this.#fn.newSlot('index', 4, 4) })
    this.#add('store', { bits: 32, offset: 0 }, [address, this.#add('const', { value: index })])
    const map = this.#add('mapRef', { map: this.#maps[2]! })
    const found = this.#add('call', { helper: 'map_lookup_elem' }, [map, address], 'ptr')
    const [present, after] = this.#branch(found, this.#add('const', { value: 0n }), 'ne', 64)
    this.#block = present
    const one = this.#add('const', { value: 1n })
    this.#add('atomic', { op: 'add', bits: 64, offset: 0, fetch: false }, [found, one])
    this.#fn.setJump(present, after, span)
    this.#block = after
  }

  /** Outcomes that are counted alike: two that end the program, or two arms that meet again. */
  #events(depth: number): void {
    const before = this.#ints
    const leaves = this.#random.oneIn(2)
    const ends: { block: Block; ints: readonly Inst[] }[] = []
    for (let round = 0; round < 2; round++) {
      const [yes, no] = this.#branch(this.#int(), this.#int())
      this.#block = yes
      this.#ints = [...before]
      if (this.#random.oneIn(3)) this.#statements(depth + 2)
      this.#bump()
      if (leaves) this.#fn.setReturn(this.#block, this.#verdict(), span)
      else ends.push({ block: this.#block, ints: this.#ints })
      this.#block = no
      this.#ints = [...before]
    }
    if (!leaves) this.#join([...ends, { block: this.#block, ints: before }], before)
  }

  #verdict(): Inst {
    return this.#random.oneIn(3) ? this.#int() : this.#add('const', { value: BigInt(this.#random.below(4)) })
  }

  /** A key of eight bytes, cleared and then filled field by field. */
  #structKey(): void {
    const address = this.#add('slot', { slot: this.#fn.newSlot('struct key', 8, 8) })
    this.#add('store', { bits: 64, offset: 0 }, [address, this.#add('const', { value: 0n })])
    for (const offset of [0, 4, 6] as const) {
      if (this.#random.oneIn(4)) continue
      const bits = offset === 6 ? 8 : this.#random.pick([8, 16] as const)
      const field = this.#contextNumber(offset === 0 ? 32 : bits, 40)
      this.#add('store', { bits: offset === 0 && this.#random.oneIn(2) ? 32 : bits, offset }, [address, field])
    }
    const map = this.#add('mapRef', { map: this.#maps[3]! })
    const value = this.#random.oneIn(2) ? address : this.#slots[0]!.address
    const flags = this.#add('const', { value: 0n })
    const result = this.#add('call', { helper: 'map_update_elem' }, [map, address, value, flags])
    this.#ints.push(this.#add('zext', { bits: 32 }, [result]))
    if (this.#random.oneIn(2)) this.#add('call', { helper: 'map_delete_elem' }, [map, this.#structCopy(address)])
  }

  /** The same bytes in another slot, or the slot itself. */
  #structCopy(address: Inst): Inst {
    if (this.#random.oneIn(2)) return address
    const copy = this.#add('slot', { slot: this.#fn.newSlot('copy', 8, 8) })
    this.#add('store', { bits: 64, offset: 0 }, [copy, this.#add('load', { bits: 64, offset: 0 }, [address])])
    return copy
  }

  /** A written key of four bytes: in a slot of its own, as the front ends make it, or in a shared one. */
  #key(): Inst {
    let address = this.#slots[0]!.address
    if (this.#random.oneIn(2)) address = this.#add('slot', { slot: this.#fn.newSlot('key', 4, 4) })
    const value = this.#random.oneIn(3) ? this.#add('const', { value: BigInt(this.#random.below(3)) }) : this.#int()
    this.#add('store', { bits: 32, offset: 0 }, [address, value])
    return address
  }

  #memoryUse(pointer: Inst, attr: { bits: 32 | 64; offset: number }): void {
    const fetch = this.#random.oneIn(3)
    const op = this.#random.pick(['add', 'and', 'or', 'xor', 'xchg'] as const)
    switch (this.#random.below(3)) {
      case 0:
        this.#ints.push(this.#add('load', attr, [pointer]))
        break
      case 1:
        this.#add('store', attr, [pointer, this.#int()])
        break
      default: {
        const old = this.#add('atomic', { op, fetch: fetch || op === 'xchg', ...attr }, [pointer, this.#int()])
        if (old.type === 'int') this.#ints.push(old)
      }
    }
  }
}
