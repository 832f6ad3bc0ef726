/**
 * The instruction set, one row per operation and operand form (RFC 9669; numbers include/uapi/linux/bpf.h, 6.18). A row
 * says what every field of the instruction may hold, so that the decoder can refuse the rest, the disassembler print it
 * and the assembler read it back.
 *
 *   opcode, arithmetic and jumps:  operation 7-4 | source 3 (0 imm, 1 reg) | class 2-0
 *   opcode, load and store:        mode 7-5 | size 4-3 | class 2-0
 *
 * Several rows can share an opcode (`sdiv` is `udiv` with offset 1, all atomics are one opcode): their other fields differ.
 */
import { type AluFn, alu } from '../arith/alu.ts'
import type { BinaryOpName, Pred } from './ir-ops.ts'

export const CLASS = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, JMP32: 6, ALU64: 7 } as const
export const SOURCE_REG = 0x08
export const MODE = { IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, MEMSX: 0x80, ATOMIC: 0xc0 } as const
export const SIZE = { 8: 0x10, 16: 0x08, 32: 0x00, 64: 0x18 } as const
/** Flag in the immediate of an atomic: the old value comes back in src. */
export const FETCH = 0x01

/** Operation bits of the arithmetic classes; signed division shares the bits of unsigned. */
export const ALU_CODE = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  udiv: 0x30,
  sdiv: 0x30,
  or: 0x40,
  and: 0x50,
  shl: 0x60,
  lshr: 0x70,
  umod: 0x90,
  smod: 0x90,
  xor: 0xa0,
  ashr: 0xc0,
} as const satisfies Record<BinaryOpName, number>
export const NEG_CODE = 0x80
export const MOV_CODE = 0xb0
export const END_CODE = 0xd0

/** Operation bits of the conditional jumps. */
export const JUMP_CODE = {
  eq: 0x10,
  ugt: 0x20,
  uge: 0x30,
  set: 0x40,
  ne: 0x50,
  sgt: 0x60,
  sge: 0x70,
  ult: 0xa0,
  ule: 0xb0,
  slt: 0xc0,
  sle: 0xd0,
} as const satisfies Record<Pred, number>
export const JA_CODE = 0x00
export const CALL_CODE = 0x80
export const EXIT_CODE = 0x90
/** may_goto: jumps when a hidden loop budget is used up (6.9). */
export const MAY_GOTO_CODE = 0xe0

/** Immediates of the atomic operations, without FETCH. */
export const ATOMIC_CODE = { add: 0x00, or: 0x40, and: 0x50, xor: 0xa0, xchg: 0xe0, cmpxchg: 0xf0 } as const
export type AtomicName = keyof typeof ATOMIC_CODE
export const LOAD_ACQUIRE = 0x100
export const STORE_RELEASE = 0x110

/** What a 64-bit immediate stands for, by the number in src (BPF_PSEUDO_*, include/uapi/linux/bpf.h). */
export const IMM64_SOURCE = {
  number: 0,
  mapFd: 1,
  mapValue: 2,
  btfId: 3,
  func: 4,
  mapIndex: 5,
  mapIndexValue: 6,
} as const
export type Imm64Of = keyof typeof IMM64_SOURCE

type Bits = 8 | 16 | 32 | 64
type Width = 32 | 64
type Source = 'imm' | 'reg'

/** What a row does; the disassembler and assembler switch on `kind`. */
export type Operation =
  | { readonly kind: 'binary'; readonly op: BinaryOpName; readonly width: Width; readonly source: Source }
  | { readonly kind: 'neg'; readonly width: Width }
  | { readonly kind: 'mov'; readonly width: Width; readonly source: Source }
  /** Sign-extending move of the low `bits` bits. */
  | { readonly kind: 'movsx'; readonly width: Width; readonly bits: 8 | 16 | 32 }
  /** Move between the address spaces of an arena (6.9). */
  | { readonly kind: 'castAddress' }
  /** `le`, `be`: byte order conversion; `swap`: unconditional. Bits in the immediate. */
  | { readonly kind: 'end'; readonly order: 'le' | 'be' | 'swap' }
  | { readonly kind: 'branch'; readonly pred: Pred; readonly width: Width; readonly source: Source }
  /** `long`: target in the immediate. */
  | { readonly kind: 'goto'; readonly long: boolean }
  | { readonly kind: 'mayGoto' }
  | { readonly kind: 'call'; readonly target: 'helper' | 'local' | 'kfunc' }
  | { readonly kind: 'exit' }
  | { readonly kind: 'load'; readonly bits: Bits; readonly signed: boolean }
  | { readonly kind: 'store'; readonly bits: Bits; readonly source: Source }
  | { readonly kind: 'atomic'; readonly op: AtomicName; readonly bits: Width; readonly fetch: boolean }
  | { readonly kind: 'loadAcquire'; readonly bits: Bits }
  | { readonly kind: 'storeRelease'; readonly bits: Bits }
  | { readonly kind: 'ldImm64'; readonly of: Imm64Of }
  /** Packet loads of classic BPF; only for socket filters and their like. */
  | { readonly kind: 'loadPacket'; readonly bits: 8 | 16 | 32; readonly indirect: boolean }

/** Legal values of a field; `any` of its width. A register field that is used may hold 0..10. */
export type FieldRule = 'any' | 'reg' | readonly number[]

export interface OpcodeRow {
  /** Unique: `add64_imm`, `atomic_fetch_add_32`. */
  readonly name: string
  readonly opcode: number
  readonly does: Operation
  readonly dst: FieldRule
  readonly src: FieldRule
  readonly off: FieldRule
  readonly imm: FieldRule
  /** Upper half of a 64-bit immediate; absent: the instruction has none. */
  readonly immHigh?: FieldRule
  /** Lowest instruction set level that has it (`-mcpu=` of LLVM). */
  readonly cpu: 'v1' | 'v2' | 'v3' | 'v4'
  /** Exact meaning of the two-operand arithmetic. */
  readonly eval?: AluFn
}

const ZERO: readonly number[] = [0]
const WIDTHS = [32, 64] as const
const SOURCES = ['imm', 'reg'] as const
const ALL_BITS = [8, 16, 32, 64] as const

const operand = (source: Source) => ({
  src: source === 'reg' ? ('reg' as const) : ZERO,
  imm: source === 'imm' ? ('any' as const) : ZERO,
})
const sourceBit = (source: Source) => (source === 'reg' ? SOURCE_REG : 0)
const aluClass = (width: Width) => (width === 64 ? CLASS.ALU64 : CLASS.ALU)

function row(name: string, opcode: number, does: Operation, more: Partial<OpcodeRow> = {}): OpcodeRow {
  return { name, opcode, does, dst: ZERO, src: ZERO, off: ZERO, imm: ZERO, cpu: 'v1', ...more }
}

/** Every combination of width and source. */
function forms<T>(make: (width: Width, source: Source) => T): T[] {
  return WIDTHS.flatMap((width) => SOURCES.map((source) => make(width, source)))
}

const SIGNED_DIVISION: readonly BinaryOpName[] = ['sdiv', 'smod']

function binaryRows(): OpcodeRow[] {
  return (Object.keys(ALU_CODE) as BinaryOpName[]).flatMap((op) => {
    const signed = SIGNED_DIVISION.includes(op)
    return forms((width, source) =>
      row(
        `${op}${width}_${source}`,
        aluClass(width) | sourceBit(source) | ALU_CODE[op],
        { kind: 'binary', op, width, source },
        { dst: 'reg', ...operand(source), off: signed ? [1] : ZERO, cpu: signed ? 'v4' : 'v1', eval: alu[op] },
      ),
    )
  })
}

function moveRows(): OpcodeRow[] {
  const plain = forms((width, source) =>
    row(
      `mov${width}_${source}`,
      aluClass(width) | sourceBit(source) | MOV_CODE,
      { kind: 'mov', width, source },
      { dst: 'reg', ...operand(source) },
    ),
  )
  const extending = WIDTHS.flatMap((width) =>
    ([8, 16, 32] as const)
      .filter((bits) => bits < width)
      .map((bits) =>
        row(
          `movsx${width}_${bits}`,
          aluClass(width) | SOURCE_REG | MOV_CODE,
          { kind: 'movsx', width, bits },
          { dst: 'reg', src: 'reg', off: [bits], cpu: 'v4' },
        ),
      ),
  )
  const cast = row(
    'addr_space_cast',
    CLASS.ALU64 | SOURCE_REG | MOV_CODE,
    { kind: 'castAddress' },
    { dst: 'reg', src: 'reg', off: [1], imm: [1, 0x10000], cpu: 'v4' },
  )
  return [...plain, ...extending, cast]
}

function unaryRows(): OpcodeRow[] {
  const neg = WIDTHS.map((width) =>
    row(`neg${width}`, aluClass(width) | NEG_CODE, { kind: 'neg', width }, { dst: 'reg' }),
  )
  const bits = { dst: 'reg', imm: [16, 32, 64] } as const
  return [
    ...neg,
    row('le', CLASS.ALU | END_CODE, { kind: 'end', order: 'le' }, bits),
    row('be', CLASS.ALU | SOURCE_REG | END_CODE, { kind: 'end', order: 'be' }, bits),
    row('bswap', CLASS.ALU64 | END_CODE, { kind: 'end', order: 'swap' }, { ...bits, cpu: 'v4' }),
  ]
}

const NEW_IN_V2: readonly Pred[] = ['ult', 'ule', 'slt', 'sle']

function jumpRows(): OpcodeRow[] {
  const branches = (Object.keys(JUMP_CODE) as Pred[]).flatMap((pred) =>
    forms((width, source) =>
      row(
        `j${pred}${width}_${source}`,
        (width === 64 ? CLASS.JMP : CLASS.JMP32) | sourceBit(source) | JUMP_CODE[pred],
        { kind: 'branch', pred, width, source },
        {
          dst: 'reg',
          ...operand(source),
          off: 'any',
          cpu: width === 32 ? 'v3' : NEW_IN_V2.includes(pred) ? 'v2' : 'v1',
        },
      ),
    ),
  )
  return [
    ...branches,
    row('ja', CLASS.JMP | JA_CODE, { kind: 'goto', long: false }, { off: 'any' }),
    row('jal', CLASS.JMP32 | JA_CODE, { kind: 'goto', long: true }, { imm: 'any', cpu: 'v4' }),
    row('may_goto', CLASS.JMP | MAY_GOTO_CODE, { kind: 'mayGoto' }, { off: 'any', cpu: 'v4' }),
    row('call', CLASS.JMP | CALL_CODE, { kind: 'call', target: 'helper' }, { imm: 'any' }),
    row('call_local', CLASS.JMP | CALL_CODE, { kind: 'call', target: 'local' }, { src: [1], imm: 'any' }),
    // The offset names the BTF object that the function id belongs to.
    row('call_kfunc', CLASS.JMP | CALL_CODE, { kind: 'call', target: 'kfunc' }, { src: [2], off: 'any', imm: 'any' }),
    row('exit', CLASS.JMP | EXIT_CODE, { kind: 'exit' }),
  ]
}

function memoryRows(): OpcodeRow[] {
  const loads = ALL_BITS.map((bits) =>
    row(
      `ldx${bits}`,
      CLASS.LDX | MODE.MEM | SIZE[bits],
      { kind: 'load', bits, signed: false },
      { dst: 'reg', src: 'reg', off: 'any' },
    ),
  )
  const signed = ([8, 16, 32] as const).map((bits) =>
    row(
      `ldxs${bits}`,
      CLASS.LDX | MODE.MEMSX | SIZE[bits],
      { kind: 'load', bits, signed: true },
      { dst: 'reg', src: 'reg', off: 'any', cpu: 'v4' },
    ),
  )
  const stores = ALL_BITS.flatMap((bits) => [
    row(
      `st${bits}`,
      CLASS.ST | MODE.MEM | SIZE[bits],
      { kind: 'store', bits, source: 'imm' },
      { dst: 'reg', off: 'any', imm: 'any' },
    ),
    row(
      `stx${bits}`,
      CLASS.STX | MODE.MEM | SIZE[bits],
      { kind: 'store', bits, source: 'reg' },
      { dst: 'reg', src: 'reg', off: 'any' },
    ),
  ])
  return [...loads, ...signed, ...stores]
}

const ALWAYS_FETCH: readonly AtomicName[] = ['xchg', 'cmpxchg']

function atomicRows(): OpcodeRow[] {
  const fields = { dst: 'reg', src: 'reg', off: 'any' } as const
  const operations = (Object.keys(ATOMIC_CODE) as AtomicName[]).flatMap((op) =>
    WIDTHS.flatMap((bits) => {
      const opcode = CLASS.STX | MODE.ATOMIC | SIZE[bits]
      const make = (fetch: boolean): OpcodeRow =>
        row(
          `atomic_${fetch && !ALWAYS_FETCH.includes(op) ? 'fetch_' : ''}${op}_${bits}`,
          opcode,
          { kind: 'atomic', op, bits, fetch },
          // 64-bit add is the xadd that every kernel has; the others came in 5.12.
          { ...fields, imm: [ATOMIC_CODE[op] | (fetch ? FETCH : 0)], cpu: op === 'add' && !fetch ? 'v1' : 'v3' },
        )
      return ALWAYS_FETCH.includes(op) ? [make(true)] : [make(false), make(true)]
    }),
  )
  const ordered = ALL_BITS.flatMap((bits) => {
    const opcode = CLASS.STX | MODE.ATOMIC | SIZE[bits]
    return [
      row(`load_acquire_${bits}`, opcode, { kind: 'loadAcquire', bits }, { ...fields, imm: [LOAD_ACQUIRE], cpu: 'v4' }),
      row(
        `store_release_${bits}`,
        opcode,
        { kind: 'storeRelease', bits },
        { ...fields, imm: [STORE_RELEASE], cpu: 'v4' },
      ),
    ]
  })
  return [...operations, ...ordered]
}

function wideAndPacketRows(): OpcodeRow[] {
  const packet = ([8, 16, 32] as const).flatMap((bits) => [
    row(
      `ldabs${bits}`,
      CLASS.LD | MODE.ABS | SIZE[bits],
      { kind: 'loadPacket', bits, indirect: false },
      { imm: 'any' },
    ),
    row(
      `ldind${bits}`,
      CLASS.LD | MODE.IND | SIZE[bits],
      { kind: 'loadPacket', bits, indirect: true },
      { src: 'reg', imm: 'any' },
    ),
  ])
  const wide = (Object.keys(IMM64_SOURCE) as Imm64Of[]).map((of) =>
    row(
      of === 'number' ? 'lddw' : `lddw_${of}`,
      CLASS.LD | MODE.IMM | SIZE[64],
      { kind: 'ldImm64', of },
      {
        dst: 'reg',
        src: [IMM64_SOURCE[of]],
        imm: 'any',
        // The upper half is a number only for these (check_ld_imm and resolve_pseudo_ldimm64, kernel/bpf/verifier.c).
        immHigh: of === 'mapFd' || of === 'func' || of === 'mapIndex' ? ZERO : 'any',
      },
    ),
  )
  return [...wide, ...packet]
}

export const OPCODES: readonly OpcodeRow[] = [
  ...binaryRows(),
  ...moveRows(),
  ...unaryRows(),
  ...jumpRows(),
  ...memoryRows(),
  ...atomicRows(),
  ...wideAndPacketRows(),
]

/** Rows by opcode byte; empty: illegal. */
const byOpcode: readonly (readonly OpcodeRow[])[] = Array.from({ length: 256 }, (_, opcode) =>
  OPCODES.filter((r) => r.opcode === opcode),
)

export function rowsOfOpcode(opcode: number): readonly OpcodeRow[] {
  return byOpcode[opcode] ?? []
}
