/** The patterns of the assembler: text of one instruction to the instruction. Tried in order by bpf/asm. */
import { helperByName } from '../tables/helpers/index.ts'
import type { BinaryOpName, Pred } from '../tables/ir-ops.ts'
import { type AtomicName, CLASS, IMM64_SOURCE, LOAD_ACQUIRE, MODE, SIZE, STORE_RELEASE } from '../tables/opcodes.ts'
import * as build from './build.ts'
import { type Insn, LD_IMM64, PSEUDO } from './insn.ts'
import { BINARY_SYMBOLS, keyOf, LOCK_SYMBOLS, PRED_SYMBOLS } from './syntax.ts'

/** A jump: `to` is a distance or a label, and goes into `field`. */
export interface Target {
  readonly to: string
  readonly field: 'off' | 'imm'
}
export interface Jump {
  readonly insn: Insn
  readonly target: Target
}
/** Undefined: the text looks like the pattern but is not legal; the next rule is tried. */
type Rule = readonly [pattern: RegExp, make: (match: RegExpExecArray) => Insn | Jump | undefined]

const REG = '([rw])(10|[0-9])'
const NUMBER = '([+-]?(?:0x[0-9a-f]+|\\d+))'
const BASE = `r(10|[0-9])\\s*(?:([+-])\\s*(0x[0-9a-f]+|\\d+))?`
const PLACE = `\\((u|s)(8|16|32|64) \\*\\)\\s*\\(${BASE}\\)`
const TARGET = '([+-]\\d+|[A-Za-z_.$][\\w.$]*)'

const rule = (pattern: string, make: Rule[1]): Rule => [new RegExp(`^${pattern}$`, 'i'), make]
const alternatives = (symbols: Readonly<Record<string, string>>): string =>
  `(${Object.values(symbols)
    .sort((a, b) => b.length - a.length)
    .map((s) => s.replace(/[*+|^]/g, '\\$&'))
    .join('|')})`

/** Group `i` of a match; only for groups that take part in every match. */
const group = (m: RegExpExecArray, i: number): string => m[i]!
const widthOf = (letter: string): 32 | 64 => (letter.toLowerCase() === 'w' ? 32 : 64)
const bitsOf = (text: string): build.Bits => Number(text) as build.Bits // the pattern allows only these
function number(text: string): number {
  const value = Number(text.replace(/^[+-]/, ''))
  return text.startsWith('-') ? -value : value
}
/** 32-bit immediates may be written unsigned: 0xffffffff is -1. */
const immediate = (text: string): number | undefined => {
  const value = number(text)
  return value >= -0x8000_0000 && value <= 0xffff_ffff ? value | 0 : undefined
}
/** Offset of BASE, whose sign is group `i` and whose number is group `i + 1`. */
const offsetOf = (m: RegExpExecArray, i: number): number => (m[i + 1] === undefined ? 0 : number(`${m[i]}${m[i + 1]}`))

const arithmetic: readonly Rule[] = [
  rule(`${REG} = -\\s*${REG}`, (m) =>
    m[1] === m[3] && m[2] === m[4] ? build.neg(widthOf(group(m, 1)), Number(m[2])) : undefined,
  ),
  rule(`${REG} = ${REG}`, (m) =>
    m[1] === m[3] ? build.movReg(widthOf(group(m, 1)), Number(m[2]), Number(m[4])) : undefined,
  ),
  rule(`${REG} = ${NUMBER}`, (m) => {
    const imm = immediate(group(m, 3))
    return imm === undefined ? undefined : build.movImm(widthOf(group(m, 1)), Number(m[2]), imm)
  }),
  rule(`${REG} = \\(s(8|16|32)\\)\\s*${REG}`, (m) => {
    const width = widthOf(group(m, 1))
    const bits = bitsOf(group(m, 3))
    if (m[1] !== m[4] || bits === 64 || bits >= width) return undefined
    return build.movSigned(width, Number(m[2]), Number(m[5]), bits)
  }),
  rule(`${REG} ${alternatives(BINARY_SYMBOLS)} (?:${REG}|${NUMBER})`, (m) => {
    const op: BinaryOpName = keyOf(BINARY_SYMBOLS, group(m, 3))
    const width = widthOf(group(m, 1))
    if (m[5] !== undefined) return m[4] === m[1] ? build.aluReg(op, width, Number(m[2]), Number(m[5])) : undefined
    const imm = immediate(group(m, 6))
    return imm === undefined ? undefined : build.aluImm(op, width, Number(m[2]), imm)
  }),
  rule('r(10|[0-9]) = (le|be|bswap)(16|32|64) r(10|[0-9])', (m) => {
    if (m[1] !== m[4]) return undefined
    const make = { le: build.toLittleEndian, be: build.toBigEndian, bswap: build.byteSwap }[group(m, 2).toLowerCase()]
    return make?.(Number(m[1]), Number(m[3]) as 16 | 32 | 64) // the pattern allows only these
  }),
  rule('r(10|[0-9]) = addr_space_cast\\(r(10|[0-9]), (\\d+), (\\d+)\\)', (m) => ({
    ...build.mov64Reg(Number(m[1]), Number(m[2])),
    off: 1,
    imm: (Number(m[3]) << 16) | Number(m[4]),
  })),
]

/** Loads and stores narrower than 64 bits may name `w` registers, as LLVM does; the encoding is the same. */
const memory: readonly Rule[] = [
  rule(`${REG} = \\*\\s*${PLACE}`, (m) => {
    const bits = bitsOf(group(m, 4))
    const make = m[3] === 's' ? (bits === 64 ? undefined : build.loadSigned) : build.load
    return make?.(bits as 8 | 16 | 32, Number(m[2]), Number(m[5]), offsetOf(m, 6)) // 64 only for `load`
  }),
  rule(`\\*\\s*${PLACE} = (?:${REG}|${NUMBER})`, (m) => {
    const bits = bitsOf(group(m, 2))
    const dst = Number(m[3])
    const off = offsetOf(m, 4)
    if (m[1] === 's') return undefined
    if (m[7] !== undefined) return build.storeReg(bits, dst, off, Number(m[7]))
    const imm = immediate(group(m, 8))
    return imm === undefined ? undefined : build.storeImm(bits, dst, off, imm)
  }),
  rule(`r0 = \\*\\(u(8|16|32) \\*\\)\\s*skb\\[(?:r(10|[0-9])\\s*)?${NUMBER}?\\]`, packetLoad),
  rule(`r0 = \\*\\(u(8|16|32) \\*\\)\\s*skb\\[(?:r(10|[0-9])\\s*)?([+-]\\s*\\d+)?\\]`, packetLoad),
]

function packetLoad(m: RegExpExecArray): Insn {
  const bits = Number(m[1]) as 8 | 16 | 32 // the pattern allows only these
  const mode = m[2] === undefined ? MODE.ABS : MODE.IND
  const imm = number((m[3] ?? '0').replace(/\s/g, ''))
  return { opcode: CLASS.LD | mode | SIZE[bits], dst: 0, src: Number(m[2] ?? 0), off: 0, imm }
}

const atomics: readonly Rule[] = [
  rule(`lock \\*\\s*${PLACE} ${alternatives(LOCK_SYMBOLS)} ${REG}`, (m) => {
    const op: AtomicName = keyOf(LOCK_SYMBOLS, group(m, 6))
    return atomic(op, m, { bits: 2, dst: 3, off: 4, src: 8, fetch: false })
  }),
  rule(`${REG} = atomic_fetch_(add|or|and|xor)\\(\\s*${PLACE}, ${REG}\\)`, (m) =>
    m[2] === m[10]
      ? atomic(group(m, 3) as AtomicName, m, { bits: 5, dst: 6, off: 7, src: 10, fetch: true }) // from the pattern
      : undefined,
  ),
  rule(`${REG} = xchg(?:32)?_(32|64)\\(${BASE}, ${REG}\\)`, (m) =>
    m[2] === m[8] ? atomic('xchg', m, { bits: 3, dst: 4, off: 5, src: 8, fetch: true }) : undefined,
  ),
  rule(`[rw]0 = cmpxchg(?:32)?_(32|64)\\(${BASE}, [rw]0, ${REG}\\)`, (m) =>
    atomic('cmpxchg', m, { bits: 1, dst: 2, off: 3, src: 6, fetch: true }),
  ),
  rule(`${REG} = load_acquire\\(\\s*${PLACE}\\)`, (m) => ({
    opcode: CLASS.STX | MODE.ATOMIC | SIZE[bitsOf(group(m, 4))],
    dst: Number(m[2]),
    src: Number(m[5]),
    off: offsetOf(m, 6),
    imm: LOAD_ACQUIRE,
  })),
  rule(`store_release\\(\\s*${PLACE}, ${REG}\\)`, (m) => ({
    opcode: CLASS.STX | MODE.ATOMIC | SIZE[bitsOf(group(m, 2))],
    dst: Number(m[3]),
    src: Number(m[7]),
    off: offsetOf(m, 4),
    imm: STORE_RELEASE,
  })),
]

/** Group numbers of the operands of an atomic. */
interface AtomicGroups {
  readonly bits: number
  readonly dst: number
  readonly off: number
  readonly src: number
  readonly fetch: boolean
}

function atomic(op: AtomicName, m: RegExpExecArray, at: AtomicGroups): Insn | undefined {
  const bits = Number(m[at.bits])
  if (bits !== 32 && bits !== 64) return undefined
  return build.atomic(op, bits, {
    dst: Number(m[at.dst]),
    off: offsetOf(m, at.off),
    src: Number(m[at.src]),
    fetch: at.fetch,
  })
}

const wide: readonly Rule[] = [
  rule('r(10|[0-9]) = (-?)(0x[0-9a-f]+|\\d+) ll', (m) => {
    const value = BigInt(group(m, 3))
    return build.ldImm64(Number(m[1]), m[2] === '-' ? -value : value)
  }),
  rule('r(10|[0-9]) = map\\[fd:(-?\\d+)\\]', (m) => build.ldMapFd(Number(m[1]), Number(m[2]))),
  rule('r(10|[0-9]) = map\\[fd:(-?\\d+)\\]\\[0\\]([+-]\\d+)', (m) =>
    build.ldMapValue(Number(m[1]), Number(m[2]), Number(m[3])),
  ),
  rule('r(10|[0-9]) = btf\\[id:(-?\\d+)\\]\\[fd:(-?\\d+)\\]', (m) => pseudo('btfId', m)),
  rule('r(10|[0-9]) = func\\[pc([+-]\\d+)\\]', (m) => pseudo('func', m)),
  rule('r(10|[0-9]) = map\\[idx:(-?\\d+)\\]', (m) => pseudo('mapIndex', m)),
  rule('r(10|[0-9]) = map\\[idx:(-?\\d+)\\]\\[0\\]([+-]\\d+)', (m) => pseudo('mapIndexValue', m)),
]

function pseudo(of: keyof typeof IMM64_SOURCE, m: RegExpExecArray): Insn {
  const fields = { dst: Number(m[1]), src: IMM64_SOURCE[of], off: 0, imm: Number(m[2]) }
  return { opcode: LD_IMM64, ...fields, immHigh: Number(m[3] ?? 0) }
}

const jumps: readonly Rule[] = [
  rule(`if ${REG} ${alternatives(PRED_SYMBOLS)} (?:${REG}|${NUMBER}) goto ${TARGET}`, (m) => {
    const pred: Pred = keyOf(PRED_SYMBOLS, group(m, 3))
    const fields = { width: widthOf(group(m, 1)), dst: Number(m[2]), off: 0 }
    const target = { to: group(m, 7), field: 'off' } as const
    if (m[5] !== undefined)
      return m[4] === m[1] ? { insn: build.branchReg(pred, fields, Number(m[5])), target } : undefined
    const imm = immediate(group(m, 6))
    return imm === undefined ? undefined : { insn: build.branchImm(pred, fields, imm), target }
  }),
  rule(`goto ${TARGET}`, (m) => ({ insn: build.jump(0), target: { to: group(m, 1), field: 'off' } })),
  rule(`gotol ${TARGET}`, (m) => ({ insn: build.jumpLong(0), target: { to: group(m, 1), field: 'imm' } })),
  rule(`may_goto ${TARGET}`, (m) => ({ insn: build.mayGoto(0), target: { to: group(m, 1), field: 'off' } })),
  rule(`call pc\\s*${TARGET}`, (m) => ({ insn: build.callLocal(0), target: { to: group(m, 1), field: 'imm' } })),
  rule('call kfunc (-?\\d+)(?: btf (-?\\d+))?', (m) => ({
    ...build.call(Number(m[1])),
    src: PSEUDO.KFUNC_CALL,
    off: Number(m[2] ?? 0),
  })),
  rule(`call ${NUMBER}`, (m) => {
    const imm = immediate(group(m, 1))
    return imm === undefined ? undefined : build.call(imm)
  }),
  rule('call ([a-z_]\\w*)', (m) => {
    const name = helperByName(group(m, 1))
    return name === undefined ? undefined : build.call(name)
  }),
  rule('exit', () => build.exit()),
]

const raw: readonly Rule[] = [
  rule('\\.insn (\\d+), (\\d+), (\\d+), (-?\\d+), (-?\\d+)(?:, (-?\\d+))?', (m) => {
    const [opcode, dst, src, off, imm] = m.slice(1, 6).map(Number) as [number, number, number, number, number] // five groups
    const high = m[6] === undefined ? {} : { immHigh: Number(m[6]) }
    return { opcode, dst, src, off, imm, ...high }
  }),
]

export const ASM_RULES: readonly Rule[] = [...arithmetic, ...memory, ...atomics, ...wide, ...jumps, ...raw]
