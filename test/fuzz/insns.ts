/**
 * Random programs of single instructions that the verifier accepts: arithmetic of both widths, byte order, branches, a
 * loop, a function, loads, stores and atomics on stack, packet and map value, hash map helpers and a ring buffer. At the
 * end all scalar registers go to a map. Interpreter, WebAssembly and kernel must agree on everything that can be seen.
 *
 *   r6 context   r7 packet, 64 bytes   r8 value of map `out`   r10-8: map keys   others: scalars
 */
import { type Insn, LD_IMM64, PSEUDO, slotsOf } from '../../packages/core/src/bpf/insn.ts'
import type { BpfObject, Relocation } from '../../packages/core/src/object/object.ts'
import { type HelperName, helperId } from '../../packages/core/src/tables/helpers/index.ts'
import { OPCODES, type OpcodeRow } from '../../packages/core/src/tables/opcodes.ts'
import type { VmEngine } from '../../packages/core/src/vm/options.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { type Observation, observe } from '../kernel/differential.ts'
import { mapSpec } from '../support/asm-object.ts'
import { type Random, randomFrom } from '../support/random.ts'

const MAPS = [
  mapSpec('out', 'array', { maxEntries: 1, valueSize: 128 }),
  mapSpec('h', 'hash', { maxEntries: 6 }),
  mapSpec('ring', 'ringbuf', { keySize: 0, valueSize: 0, maxEntries: 4096 }),
]
/** Bytes of the packet that the program has checked. */
const PACKET = 64
/** Frame bytes -72 .. -8 hold scalars. */
const LOWEST = -72
const SCALARS = [0, 1, 2, 3, 4, 5, 9]
/** Every branch doubles the paths that the verifier walks. */
const MAX_BRANCHES = 7

/** A call of a map helper's argument: the relocation is made when slots are known. */
type Item = Insn & { readonly map?: string }

const make = (opcode: number, fields: Partial<Item> = {}): Item => {
  return { opcode, dst: 0, src: 0, off: 0, imm: 0, ...fields }
}
const movReg = (dst: number, src: number) => make(0xbf, { dst, src })
const movImm = (dst: number, imm: number) => make(0xb7, { dst, imm })
const addImm = (dst: number, imm: number) => make(0x07, { dst, imm })
const mapAddress = (dst: number, map: string) => make(LD_IMM64, { dst, src: PSEUDO.MAP_FD, immHigh: 0, map })
const call = (name: HelperName) => make(0x85, { imm: helperId(name) })
const EXIT = make(0x95)

function constant(dst: number, value: bigint): Item {
  const half = (bits: bigint) => Number(BigInt.asIntN(32, bits))
  return make(LD_IMM64, { dst, imm: half(value), immHigh: half(value >> 32n) })
}

const ARITHMETIC = OPCODES.filter(({ does }) => ['binary', 'neg', 'mov', 'movsx', 'end'].includes(does.kind))
const BRANCHES = OPCODES.filter(({ does }) => does.kind === 'branch')
const MEMORY = OPCODES.filter(({ does }) => ['load', 'store'].includes(does.kind))
const ATOMICS = OPCODES.filter(({ does }) => does.kind === 'atomic')

/** Field values that a row demands, the first of them. */
const demanded = (rule: OpcodeRow['off'], random: Random): number => (Array.isArray(rule) ? random.pick(rule) : 0)

function arithmetic(random: Random): Item {
  const row = random.pick(ARITHMETIC)
  const { does } = row
  const fields = { dst: random.pick(SCALARS), off: demanded(row.off, random) }
  if (row.src === 'reg') return make(row.opcode, { ...fields, src: random.pick(SCALARS) })
  if (row.imm !== 'any') return make(row.opcode, { ...fields, imm: demanded(row.imm, random) })
  return make(row.opcode, { ...fields, imm: immediate(does, random) })
}

function immediate(does: OpcodeRow['does'], random: Random): number {
  const value = Number(BigInt.asIntN(32, random.u64()))
  if (does.kind !== 'binary') return value
  if (['shl', 'lshr', 'ashr'].includes(does.op)) return random.below(does.width)
  return ['udiv', 'umod', 'sdiv', 'smod'].includes(does.op) && value === 0 ? 3 : value
}

/** A place of `bytes` bytes, aligned: base register and offset. */
function place(random: Random, bytes: number, atomic: boolean): { base: number; off: number } {
  const kind = random.below(atomic ? 2 : 3)
  if (kind === 0) return { base: 8, off: bytes * random.below(64 / bytes) }
  if (kind === 1) return { base: 10, off: LOWEST + bytes * random.below((-8 - LOWEST) / bytes) }
  return { base: 7, off: random.below(PACKET - bytes + 1) }
}

function memoryAccess(random: Random): Item {
  const row = random.pick(MEMORY)
  const { does } = row
  const bytes = (does as { bits: number }).bits / 8
  const { base, off } = place(random, bytes, false)
  if (does.kind === 'load') return make(row.opcode, { dst: random.pick(SCALARS), src: base, off })
  if (row.src === 'reg') return make(row.opcode, { dst: base, src: random.pick(SCALARS), off })
  return make(row.opcode, { dst: base, off, imm: Number(BigInt.asIntN(32, random.u64())) })
}

function atomicAccess(random: Random): Item {
  const row = random.pick(ATOMICS)
  const { base, off } = place(random, (row.does as { bits: number }).bits / 8, true)
  return make(row.opcode, { dst: base, src: random.pick(SCALARS), off, imm: demanded(row.imm, random) })
}

/** r1..r5 hold scalars again after a call. */
const refill = (random: Random): Item[] =>
  [1, 2, 3, 4, 5].map((dst) => make(0x79, { dst, src: 10, off: LOWEST + 8 * random.below(8) }))

/** Stores a key of few different values at r10-8. */
const storeKey = (random: Random): Item[] => [
  movReg(1, random.pick(SCALARS)),
  make(0x57, { dst: 1, imm: 7 }),
  make(0x63, { dst: 10, src: 1, off: -8 }),
]

function helperCall(random: Random): Item[] {
  const key = [...storeKey(random), movReg(2, 10), addImm(2, -8)]
  const value = [movReg(3, 10), addImm(3, LOWEST + 8 * random.below(8))]
  switch (random.below(4)) {
    case 0:
      return [
        ...key,
        ...value,
        mapAddress(1, 'h'),
        movImm(4, random.below(3)),
        call('map_update_elem'),
        ...refill(random),
      ]
    case 1:
      // r0: the value, or 0 as it is.
      return [
        ...key,
        mapAddress(1, 'h'),
        call('map_lookup_elem'),
        make(0x15, { off: 1 }),
        make(0x79),
        ...refill(random),
      ]
    case 2:
      return [...key, mapAddress(1, 'h'), call('map_delete_elem'), ...refill(random)]
    default:
      return [
        mapAddress(1, 'ring'),
        movReg(2, 10),
        addImm(2, LOWEST),
        movImm(3, 8 * (1 + random.below(4))),
        movImm(4, 0),
        call('ringbuf_output'),
        ...refill(random),
      ]
  }
}

function statement(random: Random): Item[] {
  const kind = random.below(12)
  if (kind < 6) return [arithmetic(random)]
  if (kind < 9) return [memoryAccess(random)]
  if (kind === 9) return [atomicAccess(random)]
  if (kind === 10) return helperCall(random)
  return [constant(random.pick(SCALARS), random.u64())]
}

const slots = (items: readonly Item[]) => items.reduce((sum, item) => sum + slotsOf(item), 0)

/** A branch over the statements. */
function guarded(random: Random, items: readonly Item[]): Item[] {
  const row = random.pick(BRANCHES)
  const operand = row.src === 'reg' ? { src: random.pick(SCALARS) } : { imm: Number(BigInt.asIntN(32, random.u64())) }
  return [make(row.opcode, { dst: random.pick(SCALARS), off: slots(items), ...operand }), ...items]
}

/** r9 counts down; the body changes other registers. */
function loop(random: Random): Item[] {
  const body = Array.from({ length: 1 + random.below(4) }, () => arithmetic(random)).map((item) =>
    item.dst === 9 ? { ...item, dst: 0 } : item,
  )
  const back = -(slots(body) + 2)
  return [movImm(9, 1 + random.below(5)), ...body, addImm(9, -1), make(0x55, { dst: 9, off: back })]
}

/** The body of `r0 = f(r1, r2)`. */
function functionBody(random: Random): Item[] {
  const init = [0, 3, 4, 5, 9].map((dst) => movImm(dst, random.below(1000)))
  const body = Array.from({ length: 2 + random.below(6) }, () => arithmetic(random))
  return [...init, ...body, EXIT]
}

function prologue(random: Random): Item[] {
  const bail = [movImm(0, 1), EXIT]
  const stack = Array.from({ length: 8 }, (_, i) => [
    constant(1, random.u64()),
    make(0x7b, { dst: 10, src: 1, off: LOWEST + 8 * i }),
  ])
  return [
    movReg(6, 1),
    make(0x61, { dst: 7, src: 1 }),
    make(0x61, { dst: 8, src: 1, off: 4 }),
    movReg(1, 7),
    addImm(1, PACKET),
    make(0xbd, { dst: 1, src: 8, off: slots(bail) }),
    ...bail,
    make(0x7a, { dst: 10, off: -8 }),
    movReg(2, 10),
    addImm(2, -8),
    mapAddress(1, 'out'),
    call('map_lookup_elem'),
    make(0x55, { off: slots(bail) }),
    ...bail,
    movReg(8, 0),
    ...stack.flat(),
    ...SCALARS.map((dst) => constant(dst, random.u64())),
  ]
}

export function randomInsns(seed: number): BpfObject {
  const random = randomFrom(seed)
  const items = prologue(random)
  let branches = 0
  let loops = 0
  for (let i = 8 + random.below(40); i > 0; i--) {
    const inner = Array.from({ length: 1 + random.below(3) }, () => statement(random)).flat()
    if (branches < MAX_BRANCHES && random.oneIn(4)) {
      branches++
      items.push(...guarded(random, inner))
    } else if (loops < 1 && random.oneIn(20)) {
      loops++
      items.push(...loop(random))
    } else items.push(...inner)
  }
  const callAt = random.oneIn(2) ? items.length : -1
  if (callAt >= 0) items.push(make(0x85, { src: PSEUDO.CALL }), ...refill(random))
  items.push(...SCALARS.map((src, i) => make(0x7b, { dst: 8, src, off: 64 + 8 * i })), EXIT)
  if (callAt >= 0) {
    items[callAt] = { ...items[callAt]!, imm: slots(items.slice(callAt + 1)) }
    items.push(...functionBody(random))
  }
  return objectOf(items)
}

function objectOf(items: readonly Item[]): BpfObject {
  const relocations: Relocation[] = []
  let slot = 0
  const insns = items.map(({ map, ...insn }) => {
    if (map !== undefined) relocations.push({ kind: 'map', slot, map })
    slot += slotsOf(insn)
    return insn
  })
  const none = { attachType: undefined, attachTarget: undefined, lines: [] }
  return {
    license: 'GPL',
    maps: MAPS,
    programs: [{ name: 'p', section: 'xdp', type: 'xdp', insns, relocations, ...none }],
  }
}

export type Where = VmEngine | 'kernel'

export function observeInsns(seed: number, where: Where): Observation {
  const object = randomInsns(seed)
  const random = randomFrom(seed + 1)
  const packets = [80, 64, 40].map((length) => Uint8Array.from({ length }, () => random.below(256)))
  const backend = where === 'kernel' ? loadKernelObject(object) : createVm(object, { engine: where })
  try {
    return observe(backend, { program: 'p', packets })
  } finally {
    backend.close()
  }
}
