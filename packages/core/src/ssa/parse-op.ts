/** Op, attributes and arguments of one line of SSA text; the other half of `opText` and `operands` in ssa/print. */
import type { MapDecl } from '../forms/module.ts'
import type { AtomicOp } from '../forms/node.ts'
import type { HelperName } from '../tables/helpers/index.ts'
import { HELPERS } from '../tables/helpers/index.ts'
import type { OpName, OpRow, Pred } from '../tables/ir-ops.ts'
import { OPS } from '../tables/ir-ops.ts'
import type { IntBits, PtrSpace } from '../types/types.ts'
import type { Func } from './func.ts'
import type { Block, Inst, OpAttrs, Slot, SsaType } from './inst.ts'

/** What the operands of one line may refer to. */
export interface ParseScope {
  readonly fn: Func
  readonly slots: ReadonlyMap<string, Slot>
  readonly maps: ReadonlyMap<string, MapDecl>
  /** A value that is not defined yet is a stand-in, replaced at the end. */
  value(name: string): Inst
  block(name: string): Block
  fail(message: string): never
}

export type ParsedOp = {
  [K in OpName]: {
    readonly op: K
    readonly attr: OpAttrs[K]
    readonly args: readonly Inst[]
    readonly type: SsaType | undefined
  }
}[OpName]

export interface OpScope extends ParseScope {
  /** The line says `:ptr`. */
  readonly pointer: boolean
  /** The line has a result. */
  readonly result: boolean
}

/** `mnemonic`: op and modifiers (`cmp.ult.64`); `operands`: the rest, without branch targets. */
export function parseOp(mnemonic: string, operands: string, cx: OpScope): ParsedOp {
  const [name = '', ...mods] = mnemonic.split('.')
  if (!(name in OPS)) cx.fail(`no op is called ${name}`)
  const op = name as OpName
  const row: OpRow = OPS[op]
  const words = operands.split(/[ ,]+/).filter((word) => word !== '')
  const { attr, values } = parseAttr(op, mods, words, cx)
  let type: SsaType | undefined
  if (cx.pointer) type = 'ptr'
  else if (row.result === 'same') type = 'int'
  else if (op === 'call' && !cx.result) type = 'none'
  // The attribute was made by the case of this very op, which the type system cannot follow.
  return { op, attr, args: values.map((word) => cx.value(word)), type } as unknown as ParsedOp
}

interface AttrAndValues {
  readonly attr: OpAttrs[OpName]
  /** Names of the arguments. */
  readonly values: readonly string[]
}

function parseAttr(op: OpName, mods: readonly string[], words: readonly string[], cx: OpScope): AttrAndValues {
  const [first = ''] = words
  switch (op) {
    case 'const':
      return { attr: { value: BigInt.asUintN(64, bigInteger(first, cx)) }, values: [] }
    case 'param':
      return { attr: { index: integer(first, cx) }, values: [] }
    case 'arg':
      return { attr: { index: integer(first, cx), ...(words[1] ? { space: words[1] as PtrSpace } : {}) }, values: [] }
    case 'coreConst':
      return cx.fail('CO-RE relocations cannot be written in this notation')
    case 'funcRef':
    case 'invoke':
      return cx.fail('functions cannot be written in this notation')
    case 'slot':
      return { attr: { slot: cx.slots.get(first) ?? cx.fail(`no slot is called ${first}`) }, values: [] }
    case 'mapRef':
      return { attr: { map: mapNamed(first, cx) }, values: [] }
    case 'mapValue': {
      const [name, offset] = baseOffset(first, cx)
      return { attr: { map: mapNamed(name, cx), offset }, values: [] }
    }
    case 'bswap':
    case 'zext':
    case 'sext':
      return { attr: { bits: integer(mods[0], cx) as never }, values: words }
    case 'cmp':
    case 'br':
      return { attr: { pred: mods[0] as Pred, width: width(mods[1], cx) }, values: words }
    case 'load': {
      const [base, offset] = baseOffset(first, cx)
      const space = words[1] as PtrSpace | undefined
      return { attr: { bits: integer(mods[0], cx) as IntBits, offset, ...(space ? { space } : {}) }, values: [base] }
    }
    case 'store': {
      const [base, offset] = baseOffset(first, cx)
      return { attr: { bits: integer(mods[0], cx) as IntBits, offset }, values: [base, ...words.slice(1)] }
    }
    case 'atomic': {
      const [base, offset] = baseOffset(first, cx)
      const attr = { op: mods[0] as AtomicOp, bits: width(mods[1], cx), offset, fetch: mods[2] === 'fetch' }
      return { attr, values: [base, ...words.slice(1)] }
    }
    case 'call':
      if (!(first in HELPERS)) cx.fail(`no helper is called ${first}`)
      return { attr: { helper: first as HelperName }, values: words.slice(1) }
    case 'asm': {
      const [opcode, dst, src, off, imm] = words.slice(0, 5).map((word) => integer(word, cx)) as [
        number,
        number,
        number,
        number,
        number,
      ]
      return { attr: { opcode, dst, src, off, imm }, values: words.slice(5) }
    }
    case 'phi':
    case 'jump':
      return { attr: {}, values: [] }
    case 'ret':
      return { attr: {}, values: words }
    default:
      return { attr: { width: width(mods[0], cx) }, values: words }
  }
}

function baseOffset(word: string, cx: OpScope): [string, number] {
  const match = /^(\w+)([+-]\d+)$/.exec(word) ?? cx.fail(`expected BASE+OFFSET instead of "${word}"`)
  return [match[1]!, Number(match[2])]
}

function mapNamed(name: string, cx: OpScope) {
  return cx.maps.get(name) ?? cx.fail(`no map is called ${name}`)
}

function integer(word: string | undefined, cx: OpScope): number {
  return Number(bigInteger(word, cx))
}

function bigInteger(word: string | undefined, cx: OpScope): bigint {
  if (word === undefined || !/^-?\d+$/.test(word)) cx.fail(`expected a number instead of "${word ?? ''}"`)
  return BigInt(word as string)
}

function width(word: string | undefined, cx: OpScope): 32 | 64 {
  if (word !== '32' && word !== '64') cx.fail('expected a width, 32 or 64')
  return Number(word) as 32 | 64
}
