/**
 * The assembler dialect of the bpf_conformance test files: `-- asm` (or `-- raw`), `-- mem`, `-- result`, `-- error`.
 *
 *   ldxh %r0, [%r1+2]        lock fetch add32 [%r10-8], %r1        call local func1        jne %r0, 5, failed
 */
import { decodeInsns } from '../../packages/core/src/bpf/decode.ts'
import type { Insn } from '../../packages/core/src/bpf/insn.ts'

export interface ConformanceCase {
  /** Undefined when the raw bytes do not decode. */
  readonly insns: readonly Insn[]
  readonly memory: Uint8Array
  /** r0; undefined for cases that must fail. */
  readonly result: bigint | undefined
}

export function parseConformance(text: string): ConformanceCase {
  const sections = sectionsOf(text)
  const asm = sections.get('asm')
  const raw = sections.get('raw')
  const result = sections.get('result')?.join('').trim()
  return {
    insns: asm === undefined ? decodeInsns(rawBytes(raw ?? [])) : assemble(asm),
    memory: hexBytes(sections.get('mem') ?? []),
    result: result === undefined ? undefined : BigInt(result),
  }
}

/** Bytes of the `-- raw` section, for cases that must not decode. */
export function conformanceRaw(text: string): Uint8Array {
  return rawBytes(sectionsOf(text).get('raw') ?? [])
}

function sectionsOf(text: string): Map<string, string[]> {
  const sections = new Map<string, string[]>()
  let lines: string[] | undefined
  for (const line of text.split('\n')) {
    const head = /^-- (.*)$/.exec(line.trim())
    if (head) {
      lines = []
      sections.set(head[1]!, lines)
      continue
    }
    const code = line.replace(/#.*/, '').trim()
    if (lines !== undefined && code !== '') lines.push(code)
  }
  return sections
}

function hexBytes(lines: readonly string[]): Uint8Array {
  return Uint8Array.from(lines.join(' ').split(/\s+/).filter(Boolean), (byte) => Number.parseInt(byte, 16))
}

/** Bytes, or 64-bit words. */
function rawBytes(lines: readonly string[]): Uint8Array {
  if (!lines.some((line) => line.startsWith('0x'))) return hexBytes(lines)
  const out = new Uint8Array(lines.length * 8)
  const view = new DataView(out.buffer)
  for (const [i, line] of lines.entries()) view.setBigUint64(8 * i, BigInt(line), true)
  return out
}

interface Line {
  readonly mnemonic: string
  readonly args: readonly string[]
  readonly slot: number
}

function assemble(lines: readonly string[]): Insn[] {
  const labels = new Map<string, number>()
  const parsed: Line[] = []
  let slot = 0
  for (const line of lines) {
    const label = /^(\w+):$/.exec(line)
    if (label) {
      labels.set(label[1]!, slot)
      continue
    }
    const words = line.split(/[\s,]+/)
    // `lock fetch add32`, `call local`: words up to the first operand belong together.
    const count = words[0] === 'lock' ? (words[1] === 'fetch' ? 3 : 2) : words[1] === 'local' ? 2 : 1
    const mnemonic = words.slice(0, count).join(' ')
    // `exit` is also the name of the last one.
    if (mnemonic === 'exit') labels.set('exit', slot)
    parsed.push({ mnemonic, args: words.slice(count), slot })
    slot += mnemonic === 'lddw' ? 2 : 1
  }
  return parsed.map((line) => assembleLine(line, labels))
}

const ALU = ['add', 'sub', 'mul', 'div', 'or', 'and', 'lsh', 'rsh', 'neg', 'mod', 'xor', 'mov', 'arsh']
const JUMP = ['ja', 'jeq', 'jgt', 'jge', 'jset', 'jne', 'jsgt', 'jsge', '', '', 'jlt', 'jle', 'jslt', 'jsle']
const SIZE: Record<string, number> = { w: 0x00, h: 0x08, b: 0x10, dw: 0x18 }
const ATOMIC: Record<string, number> = { add: 0x00, or: 0x40, and: 0x50, xor: 0xa0, xchg: 0xe1, cmpxchg: 0xf1 }

const insn = (opcode: number, fields: Partial<Insn> = {}): Insn => ({
  opcode,
  dst: 0,
  src: 0,
  off: 0,
  imm: 0,
  ...fields,
})
const isRegister = (text: string) => text.startsWith('%r')
const register = (text: string) => Number(text.slice(2))
const low = (value: bigint) => Number(BigInt.asIntN(32, value))

function number(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text.replace(/^\+/, ''))
}

/** Source operand: bit 3 of the opcode and the field. */
function source(text: string): { bit: number; fields: Partial<Insn> } {
  return isRegister(text) ? { bit: 8, fields: { src: register(text) } } : { bit: 0, fields: { imm: low(number(text)) } }
}

function memory(text: string): { base: number; off: number } {
  const match = /^\[%r(\d+)([+-]\w+)?\]$/.exec(text)
  if (!match) throw new Error(`conformance: bad address ${text}`)
  return { base: Number(match[1]), off: Number(number(match[2] ?? '0')) }
}

function assembleLine({ mnemonic, args, slot }: Line, labels: ReadonlyMap<string, number>): Insn {
  const [a = '', b = '', c = ''] = args
  const target = (text: string): number => {
    const label = labels.get(text)
    return label === undefined ? Number(number(text)) : label - slot - 1
  }
  if (mnemonic === 'exit') return insn(0x95)
  if (mnemonic === 'lddw') {
    const value = number(b)
    return insn(0x18, { dst: register(a), imm: low(value), immHigh: low(value >> 32n) })
  }
  if (mnemonic === 'call local') return insn(0x85, { src: 1, imm: target(a) })
  if (mnemonic === 'call') return isRegister(a) ? insn(0x8d, { dst: register(a) }) : insn(0x85, { imm: low(number(a)) })
  if (mnemonic === 'ja') return insn(0x05, { off: target(a) })
  if (mnemonic === 'ja32') return insn(0x06, { imm: target(a) })
  const lock = /^lock (fetch )?(\w+?)(32)?$/.exec(mnemonic)
  if (lock) {
    const { base, off } = memory(a)
    const imm = ATOMIC[lock[2]!]! | (lock[1] ? 1 : 0)
    return insn(lock[3] ? 0xc3 : 0xdb, { dst: base, off, src: register(b), imm })
  }
  return assembleMemory(mnemonic, a, b) ?? assembleAlu(mnemonic, a, b) ?? assembleJump(mnemonic, [a, b, target(c)])
}

function assembleMemory(mnemonic: string, a: string, b: string): Insn | undefined {
  const match = /^(ldxs|ldx|stx|st)(b|h|w|dw)$/.exec(mnemonic)
  if (!match) return undefined
  const size = SIZE[match[2]!]!
  if (match[1] === 'ldx' || match[1] === 'ldxs') {
    const { base, off } = memory(b)
    return insn((match[1] === 'ldx' ? 0x61 : 0x81) | size, { dst: register(a), src: base, off })
  }
  const { base, off } = memory(a)
  if (match[1] === 'stx') return insn(0x63 | size, { dst: base, off, src: register(b) })
  return insn(0x62 | size, { dst: base, off, imm: low(number(b)) })
}

function assembleAlu(mnemonic: string, a: string, b: string): Insn | undefined {
  const dst = isRegister(a) ? register(a) : 0
  const swap = /^(le|be|swap|bswap)(16|32|64)$/.exec(mnemonic)
  if (swap) {
    const opcode = swap[1] === 'le' ? 0xd4 : swap[1] === 'be' ? 0xdc : 0xd7
    return insn(opcode, { dst, imm: Number(swap[2]) })
  }
  // movsx<from><to>: movsx1632 sign-extends 16 bits to 32.
  const movsx = /^movsx(8|16|32)(32|64)$/.exec(mnemonic)
  if (movsx) return insn(movsx[2] === '32' ? 0xbc : 0xbf, { dst, src: register(b), off: Number(movsx[1]) })
  const match = /^(s?)([a-z]+?)(32)?$/.exec(mnemonic)
  const name = match === null ? '' : ALU.includes(match[1]! + match[2]!) ? match[1]! + match[2]! : match[2]!
  const signed = match !== null && match[1] === 's' && (name === 'div' || name === 'mod')
  const code = ALU.indexOf(name)
  if (match === null || code < 0) return undefined
  const cls = match[3] ? 4 : 7
  if (name === 'neg') return insn((code << 4) | cls, { dst })
  const { bit, fields } = source(b)
  return insn((code << 4) | bit | cls, { dst, ...fields, off: signed ? 1 : 0 })
}

function assembleJump(mnemonic: string, [a, b, off]: [string, string, number]): Insn {
  const match = /^(j[a-z]+?)(32)?$/.exec(mnemonic)
  const code = match === null ? -1 : JUMP.indexOf(match[1]!)
  if (match === null || code < 0) throw new Error(`conformance: unknown instruction ${mnemonic}`)
  const { bit, fields } = source(b)
  return insn((code << 4) | bit | (match[2] ? 6 : 5), { dst: register(a), ...fields, off })
}
