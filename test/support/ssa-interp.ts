/**
 * Runs an SSA function on a small model machine: the reference against which passes are checked. Memory is a set of
 * regions; an address has the region's number in its upper half. A helper is a pure function of what it reads, and every
 * call is logged, so that two functions are equal when result, log and final memory are.
 */
import { alu, byteSwap, compare, signExtend, truncate } from '../../packages/core/src/arith/alu.ts'
import type { Func } from '../../packages/core/src/ssa/func.ts'
import type { Block, Inst, InstOf } from '../../packages/core/src/ssa/inst.ts'
import { printInst } from '../../packages/core/src/ssa/print.ts'
import { HELPERS } from '../../packages/core/src/tables/helpers/index.ts'
import type { HelperRow } from '../../packages/core/src/tables/helpers/row.ts'
import type { OpRow } from '../../packages/core/src/tables/ir-ops.ts'
import { OPS } from '../../packages/core/src/tables/ir-ops.ts'

export interface InterpInput {
  readonly ctx: Uint8Array
  readonly packet: Uint8Array
}

export interface InterpResult {
  readonly ret: bigint
  /** Helper calls with their arguments and the bytes behind them. */
  readonly log: readonly string[]
  /** Packet and map values afterwards, by name. */
  readonly memory: Readonly<Record<string, string>>
}

const STEP_LIMIT = 100_000

export function runSsa(fn: Func, input: InterpInput): InterpResult {
  return new Machine(input).run(fn)
}

class Machine {
  readonly #regions: { readonly name: string; readonly bytes: Uint8Array }[] = []
  readonly #byName = new Map<string, bigint>()
  readonly #log: string[] = []
  #calls = 0

  readonly #packetSize: number

  constructor(input: InterpInput) {
    this.#packetSize = input.packet.length
    this.#region('none', () => new Uint8Array(0))
    this.#region('ctx', () => input.ctx.slice())
    this.#region('packet', () => input.packet.slice())
  }

  run(fn: Func): InterpResult {
    const values = new Map<Inst, bigint>()
    let block: Block = fn.entry
    let from: Block | undefined
    for (let steps = 0; ; ) {
      // Phis of a block read the values of before the edge, all at once.
      const phis = fn.phis(block)
      const incoming = phis.map((phi) => this.#value(values, phi.args[block.preds.indexOf(from!)]!))
      for (const [i, phi] of phis.entries()) values.set(phi as Inst, incoming[i]!)
      for (const inst of block.insts.slice(phis.length)) {
        if (++steps > STEP_LIMIT) throw new Error('interpreter: too many steps')
        const args = inst.args.map((arg) => this.#value(values, arg))
        if (inst.op === 'ret') return this.#finish(args[0]!)
        if (OPS[inst.op].class === 'terminator') {
          const taken = inst.op !== 'br' || compare(inst.attr.pred, args[0]!, args[1]!, inst.attr.width)
          from = block
          block = block.succs[taken ? 0 : 1]!
          break
        }
        values.set(inst, this.#step(inst, args))
      }
    }
  }

  #value(values: ReadonlyMap<Inst, bigint>, inst: Inst): bigint {
    const value = values.get(inst)
    if (value === undefined) throw new Error(`interpreter: v${inst.id} has no value`)
    return value
  }

  #finish(ret: bigint): InterpResult {
    const memory: Record<string, string> = {}
    // In the order of names: passes may change which region is touched first.
    for (const { name, bytes } of this.#regions.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (name === 'packet' || name.startsWith('map ')) memory[name] = Buffer.from(bytes).toString('hex')
    }
    // A map value that was never touched in one of two equal runs must not make them differ.
    for (const [name, hex] of Object.entries(memory)) if (/^0*$/.test(hex)) delete memory[name]
    return { ret, log: this.#log, memory }
  }

  #step(inst: Inst, args: readonly bigint[]): bigint {
    const [a = 0n, b = 0n] = args
    switch (inst.op) {
      case 'const':
        return inst.attr.value
      case 'param':
        return this.#byName.get('ctx')!
      case 'slot':
        return this.#region(`slot ${inst.attr.slot.id}`, () => new Uint8Array(inst.attr.slot.size).fill(0xa5))
      case 'mapRef':
        return this.#region(`ref ${inst.attr.map.name}`, () => new Uint8Array(0))
      case 'mapValue':
        return this.#mapValue(inst.attr.map.name, '0', inst.attr.map.valueSize) + BigInt(inst.attr.offset)
      case 'neg':
        return alu.sub(0n, a, inst.attr.width)
      case 'bswap':
        return byteSwap(a, inst.attr.bits)
      case 'zext':
        return truncate(a, inst.attr.bits)
      case 'sext':
        return signExtend(a, inst.attr.bits)
      case 'cmp':
        return compare(inst.attr.pred, a, b, inst.attr.width) ? 1n : 0n
      case 'load':
        if (inst.attr.space)
          return this.#byName.get('packet')! + BigInt(inst.attr.space === 'packet' ? 0 : this.#packetSize)
        return this.#load(a, inst.attr.offset, inst.attr.bits)
      case 'store':
        this.#store(a, inst.attr.offset, inst.attr.bits, b)
        return 0n
      case 'atomic':
        return this.#atomic(inst, args)
      case 'call':
        return this.#call(inst, args)
      default: {
        const row: OpRow = OPS[inst.op]
        if (!row.eval || !('width' in inst.attr)) throw new Error(`interpreter: cannot run ${printInst(inst)}`)
        return row.eval(a, b, inst.attr.width)
      }
    }
  }

  #region(name: string, make: () => Uint8Array): bigint {
    let address = this.#byName.get(name)
    if (address === undefined) {
      // Far from 0 and from each other, like addresses of the kernel.
      address = (0xffffn << 48n) | (BigInt(this.#regions.length) << 32n)
      this.#byName.set(name, address)
      this.#regions.push({ name, bytes: make() })
    }
    return address
  }

  #mapValue(map: string, key: string, size: number): bigint {
    return this.#region(`map ${map}[${key}]`, () => new Uint8Array(size))
  }

  #bytes(address: bigint, offset: number, size: number): Uint8Array {
    const at = address + BigInt(offset)
    const region = at >> 48n === 0xffffn ? this.#regions[Number((at >> 32n) & 0xffffn)] : undefined
    const start = Number(at & 0xffff_ffffn)
    if (!region || start + size > region.bytes.length) throw new Error(`interpreter: bad access at ${at.toString(16)}`)
    return region.bytes.subarray(start, start + size)
  }

  #load(address: bigint, offset: number, bits: number): bigint {
    return this.#bytes(address, offset, bits / 8).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
  }

  #store(address: bigint, offset: number, bits: number, value: bigint): void {
    const bytes = this.#bytes(address, offset, bits / 8)
    for (let i = 0; i < bytes.length; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn)
  }

  #atomic(inst: InstOf<'atomic'>, args: readonly bigint[]): bigint {
    const { op, bits, offset } = inst.attr
    const old = this.#load(args[0]!, offset, bits)
    if (op === 'cmpxchg') {
      if (old === truncate(args[1]!, bits)) this.#store(args[0]!, offset, bits, args[2]!)
    } else {
      this.#store(args[0]!, offset, bits, op === 'xchg' ? args[1]! : alu[op](old, args[1]!, 64))
    }
    return old
  }

  #call(inst: InstOf<'call'>, args: readonly bigint[]): bigint {
    const row: HelperRow = HELPERS[inst.attr.helper]
    const shown: string[] = []
    const maps = inst.args.map((arg) => (arg.op === 'mapRef' ? arg.attr.map : undefined))
    for (const [i, kind] of row.args.entries()) {
      const map = 'map' in kind ? maps[kind.map] : undefined
      let size = 0
      if (kind.kind === 'mapKey') size = map!.keySize
      else if (kind.kind === 'mapValue') size = map!.valueSize
      else if (kind.kind === 'mem' && kind.access === 'read') size = kind.bytes ?? Number(args[kind.size!])
      if (size > 0) shown.push(Buffer.from(this.#bytes(args[i]!, 0, size)).toString('hex'))
      else if (maps[i]) shown.push(maps[i].name)
      else shown.push(kind.kind === 'int' || kind.kind === 'size' ? args[i]!.toString(16) : kind.kind)
    }
    const line = `${inst.attr.helper}(${shown.join(', ')})`
    if (row.effects.observable || row.effects.writes.length > 0 || row.effects.volatile) this.#log.push(line)
    const hash = [...line].reduce((h, c) => (h * 31 + c.charCodeAt(0)) >>> 0, row.effects.volatile ? ++this.#calls : 7)
    if (row.ret.kind === 'mapValueOrNull') {
      const map = maps[row.ret.map]!
      if (map.type === 'array') {
        const index = this.#load(args[1]!, 0, 32)
        return index < map.maxEntries ? this.#mapValue(map.name, String(index), map.valueSize) : 0n
      }
      return hash % 4 === 0 ? 0n : this.#mapValue(map.name, shown[1]!, map.valueSize)
    }
    return BigInt(hash)
  }
}
