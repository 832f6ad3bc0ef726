/**
 * Runs machine code on the model machine of ssa-interp: the same packet, context, map values and helper results, so that
 * a function and its code can be compared. Small and slow on purpose; independent of the VM.
 */
import { alu, byteSwap, compare, signExtend, truncate } from '../../packages/core/src/arith/alu.ts'
import type { Insn } from '../../packages/core/src/bpf/insn.ts'
import { slotsOf } from '../../packages/core/src/bpf/insn.ts'
import type { MapDecl } from '../../packages/core/src/forms/module.ts'
import type { MachineCode } from '../../packages/core/src/object/object.ts'
import { HELPER_IDS } from '../../packages/core/src/tables/generated/helper-ids.ts'
import { HELPERS, type HelperName } from '../../packages/core/src/tables/helpers/index.ts'
import type { HelperRow } from '../../packages/core/src/tables/helpers/row.ts'
import type { ArgKind } from '../../packages/core/src/tables/kinds.ts'
import type { InterpInput, InterpResult } from './ssa-interp.ts'

const HELPER_NAMES = new Map(Object.entries(HELPER_IDS).map(([name, id]) => [id as number, name as HelperName]))
const STEP_LIMIT = 200_000
const FRAME = (0xfffen << 48n) | 0x1000n
const ALU = ['add', 'sub', 'mul', 'udiv', 'or', 'and', 'shl', 'lshr', '', 'umod', 'xor', '', 'ashr'] as const
const JUMPS: Record<number, Parameters<typeof compare>[0]> = {
  1: 'eq',
  2: 'ugt',
  3: 'uge',
  4: 'set',
  5: 'ne',
  6: 'sgt',
  7: 'sge',
  10: 'ult',
  11: 'ule',
  12: 'slt',
  13: 'sle',
}

export function runCode(code: MachineCode, input: InterpInput, maps: readonly MapDecl[]): InterpResult {
  return new CodeMachine(code, input, maps).run()
}

class CodeMachine {
  readonly #bySlot: (Insn | undefined)[] = []
  readonly #code: MachineCode
  readonly #maps: ReadonlyMap<string, MapDecl>
  readonly #regions: { readonly name: string; readonly bytes: Uint8Array }[] = []
  readonly #byName = new Map<string, bigint>()
  readonly #stack = new Uint8Array(512)
  readonly #written = new Uint8Array(512)
  /** undefined: not readable, as the verifier sees it. */
  readonly #regs: (bigint | undefined)[] = Array(11)
  readonly #packetSize: number
  readonly #log: string[] = []
  #calls = 0

  constructor(code: MachineCode, input: InterpInput, maps: readonly MapDecl[]) {
    this.#code = code
    this.#maps = new Map(maps.map((map) => [map.name, map]))
    for (const insn of code.insns) this.#bySlot.push(insn, ...(slotsOf(insn) === 2 ? [undefined] : []))
    this.#region('none', () => new Uint8Array(0))
    this.#regs[1] = this.#region('ctx', () => input.ctx.slice())
    this.#region('packet', () => input.packet.slice())
    this.#regs[10] = FRAME
    this.#packetSize = input.packet.length
  }

  run(): InterpResult {
    for (let at = 0, steps = 0; ; ) {
      const insn = this.#bySlot[at]
      if (!insn) throw new Error(`no instruction at slot ${at}`)
      if (++steps > STEP_LIMIT) throw new Error('too many steps')
      if (insn.opcode === 0x95) return this.#finish(this.#get(0))
      at = this.#step(insn, at)
    }
  }

  #finish(ret: bigint): InterpResult {
    const memory: Record<string, string> = {}
    for (const { name, bytes } of this.#regions) {
      const hex = Buffer.from(bytes).toString('hex')
      if ((name === 'packet' || name.startsWith('map ')) && !/^0*$/.test(hex)) memory[name] = hex
    }
    return { ret, log: this.#log, memory }
  }

  #get(reg: number): bigint {
    const value = this.#regs[reg]
    if (value === undefined) throw new Error(`r${reg} is not readable`)
    return value
  }

  /** Returns the next slot. */
  #step(insn: Insn, at: number): number {
    const { opcode, dst, off } = insn
    const next = at + slotsOf(insn)
    switch (opcode & 7) {
      case 4:
      case 7:
        this.#regs[dst] = this.#alu(insn, opcode & 4 && (opcode & 7) === 4 ? 32 : 64)
        return next
      case 5:
      case 6:
        if (opcode === 0x85) return this.#call(insn) ?? next
        if (opcode === 0x05) return next + off
        if (opcode === 0x06) return next + insn.imm
        return this.#jumps(insn) ? next + off : next
      case 0:
        this.#regs[dst] = this.#wide(insn, at)
        return next
      default:
        this.#memory(insn)
        return next
    }
  }

  #operand(insn: Insn): bigint {
    return insn.opcode & 8 ? this.#get(insn.src) : BigInt.asUintN(64, BigInt(insn.imm))
  }

  #alu(insn: Insn, width: 32 | 64): bigint {
    const code = insn.opcode >> 4
    if (code === 11) {
      const value = this.#operand(insn)
      return insn.off === 0 ? truncate(value, width) : signExtend(value, insn.off)
    }
    const a = this.#get(insn.dst)
    if (code === 8) return alu.sub(0n, a, width)
    if (code === 13) return byteSwap(a, insn.imm as 16 | 32 | 64)
    const b = this.#operand(insn)
    if (insn.off === 1) return code === 3 ? alu.sdiv(a, b, width) : alu.smod(a, b, width)
    const op = ALU[code]
    if (!op) throw new Error(`bad opcode ${insn.opcode}`)
    return alu[op](a, b, width)
  }

  #jumps(insn: Insn): boolean {
    const pred = JUMPS[insn.opcode >> 4]
    if (!pred) throw new Error(`bad jump ${insn.opcode}`)
    return compare(pred, this.#get(insn.dst), this.#operand(insn), (insn.opcode & 7) === 6 ? 32 : 64)
  }

  #wide(insn: Insn, at: number): bigint {
    const relocation = this.#code.relocations.find((r) => r.slot === at)
    if (!relocation) return (BigInt.asUintN(32, BigInt(insn.immHigh!)) << 32n) | BigInt.asUintN(32, BigInt(insn.imm))
    if (relocation.kind === 'map') return this.#region(`ref ${relocation.map}`, () => new Uint8Array(0))
    return this.#mapValue(relocation.map, '0') + BigInt(relocation.offset)
  }

  #memory(insn: Insn): void {
    const bits = [32, 16, 8, 64][(insn.opcode >> 3) & 3]!
    if ((insn.opcode & 7) === 1) {
      this.#regs[insn.dst] = this.#loadField(insn, bits)
      return
    }
    const address = this.#get(insn.dst)
    if ((insn.opcode & 0xe0) === 0xc0) this.#atomic(insn, address, bits)
    else this.#store(address, insn.off, bits, (insn.opcode & 7) === 2 ? BigInt(insn.imm) : this.#get(insn.src))
  }

  #loadField(insn: Insn, bits: number): bigint {
    const address = this.#get(insn.src)
    if (address === this.#byName.get('ctx') && insn.off < 8) {
      return this.#byName.get('packet')! + BigInt(insn.off === 0 ? 0 : this.#packetSize)
    }
    return this.#load(address, insn.off, bits)
  }

  #atomic(insn: Insn, address: bigint, bits: number): void {
    const old = this.#load(address, insn.off, bits)
    const value = this.#get(insn.src)
    const op = ({ 0: 'add', 64: 'or', 80: 'and', 160: 'xor' } as const)[insn.imm & 0xfe]
    if (insn.imm === 0xf1) {
      if (old === truncate(this.#get(0), bits)) this.#store(address, insn.off, bits, value)
      this.#regs[0] = old
      return
    }
    this.#store(address, insn.off, bits, op ? alu[op](old, value, 64) : value)
    if (insn.imm & 1) this.#regs[insn.src] = old
  }

  #call(insn: Insn): undefined {
    const name = HELPER_NAMES.get(insn.imm)
    if (!name) throw new Error(`no helper ${insn.imm}`)
    const row: HelperRow = HELPERS[name]
    const args = row.args.map((_, i) => this.#get(i + 1))
    const maps = row.args.map((kind, i) => (kind.kind === 'map' ? this.#mapOf(args[i]!) : undefined))
    const shown = row.args.map((kind, i) => this.#shown(kind, args[i]!, { maps, args }))
    const line = `${name}(${shown.join(', ')})`
    if (row.effects.observable || row.effects.writes.length > 0 || row.effects.volatile) this.#log.push(line)
    const hash = [...line].reduce((h, c) => (h * 31 + c.charCodeAt(0)) >>> 0, row.effects.volatile ? ++this.#calls : 7)
    for (let reg = 1; reg <= 5; reg++) this.#regs[reg] = undefined
    const isLookup = row.ret.kind === 'mapValueOrNull'
    this.#regs[0] = isLookup ? this.#lookup(maps[0]!, shown[1]!, hash) : BigInt(hash)
    return undefined
  }

  #mapOf(address: bigint): MapDecl {
    return this.#maps.get(this.#regions[Number((address >> 32n) & 0xffffn)]!.name.slice('ref '.length))!
  }

  /** An argument as ssa-interp writes it: the bytes behind it, or the number. */
  #shown(
    kind: ArgKind,
    value: bigint,
    call: { maps: readonly (MapDecl | undefined)[]; args: readonly bigint[] },
  ): string {
    const map = 'map' in kind ? call.maps[kind.map] : undefined
    let size = 0
    if (kind.kind === 'mapKey') size = map!.keySize
    else if (kind.kind === 'mapValue') size = map!.valueSize
    else if (kind.kind === 'mem' && kind.access === 'read') size = kind.bytes ?? Number(call.args[kind.size!])
    if (size > 0) return Buffer.from(this.#bytes(value, 0, size, 'read')).toString('hex')
    if (kind.kind === 'map') return this.#mapOf(value).name
    return kind.kind === 'int' || kind.kind === 'size' ? value.toString(16) : kind.kind
  }

  #lookup(map: MapDecl, key: string, hash: number): bigint {
    if (map.type !== 'array') return hash % 4 === 0 ? 0n : this.#mapValue(map.name, key)
    const index = Buffer.from(key, 'hex').readUInt32LE()
    return index < map.maxEntries ? this.#mapValue(map.name, String(index)) : 0n
  }

  #mapValue(map: string, key: string): bigint {
    return this.#region(`map ${map}[${key}]`, () => new Uint8Array(this.#maps.get(map)!.valueSize))
  }

  #region(name: string, make: () => Uint8Array): bigint {
    let address = this.#byName.get(name)
    if (address === undefined) {
      address = (0xffffn << 48n) | (BigInt(this.#regions.length) << 32n)
      this.#byName.set(name, address)
      this.#regions.push({ name, bytes: make() })
    }
    return address
  }

  #bytes(address: bigint, offset: number, size: number, access: 'read' | 'write'): Uint8Array {
    const at = address + BigInt(offset)
    if (at >> 48n === 0xfffen) return this.#frame(Number(FRAME - at), size, access)
    const region = at >> 48n === 0xffffn ? this.#regions[Number((at >> 32n) & 0xffffn)] : undefined
    const start = Number(at & 0xffff_ffffn)
    if (!region || start + size > region.bytes.length) throw new Error(`bad access at ${at.toString(16)}`)
    return region.bytes.subarray(start, start + size)
  }

  #frame(below: number, size: number, access: 'read' | 'write'): Uint8Array {
    if (below > this.#code.stackSize || below < size) throw new Error(`outside the frame: r10-${below}`)
    const start = 512 - below
    for (let i = start; i < start + size; i++) {
      if (access === 'write') this.#written[i] = 1
      else if (!this.#written[i]) throw new Error(`stack byte r10-${512 - i} was never written`)
    }
    return this.#stack.subarray(start, start + size)
  }

  #load(address: bigint, offset: number, bits: number): bigint {
    const bytes = this.#bytes(address, offset, bits / 8, 'read')
    return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
  }

  #store(address: bigint, offset: number, bits: number, value: bigint): void {
    const bytes = this.#bytes(address, offset, bits / 8, 'write')
    for (let i = 0; i < bytes.length; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn)
  }
}
