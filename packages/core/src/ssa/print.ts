/**
 * Text of a function, and its inverse's definition: `ssa/parse` reads exactly what this writes.
 *
 *   map pkt_count array 4 8 1
 *   func p xdp {
 *     slot s0 key 4 8
 *   b0:
 *     v0 = param 0
 *     v1:ptr = load.32 v0+4 packetEnd
 *     br.ugt.64 v2, v1 -> b1, b2
 *
 * `:ptr` marks a pointer where the op does not say so itself; an instruction without a result has no `v =`.
 */
import { assertNever } from '../diag/diagnostic.ts'
import type { MapDecl } from '../forms/module.ts'
import { OPS } from '../tables/ir-ops.ts'
import { coreQueryName } from '../types/core-query.ts'
import type { Func } from './func.ts'
import type { Block, Inst } from './inst.ts'

/** `ids`: as in the function, to follow a value through passes. `dense`: counted in the order of printing. */
export type Numbering = 'ids' | 'dense'

interface Names {
  value(inst: Inst): string
  block(block: Block): string
  /** Place in the function's list of blocks: phi arguments are printed in this order, not in that of edge creation. */
  place(block: Block): number
}

export function printFunc(fn: Func, numbering: Numbering = 'ids'): string {
  const names = namesOf(fn, numbering)
  const lines: string[] = []
  for (const map of mapsOf(fn)) {
    const flags = map.flags === 0 ? '' : ` ${map.flags}`
    lines.push(`map ${map.name} ${map.type} ${map.keySize} ${map.valueSize} ${map.maxEntries}${flags}`)
  }
  lines.push(`func ${fn.name} ${fn.program.type} {`)
  for (const slot of fn.slots) lines.push(`  slot s${slot.id} ${quoteName(slot.name)} ${slot.size} ${slot.align}`)
  for (const block of fn.blocks) {
    lines.push(`${names.block(block)}:`)
    for (const inst of block.insts) lines.push(`  ${instText(inst, names)}`)
  }
  lines.push('}')
  return `${lines.join('\n')}\n`
}

/** One instruction, for messages. */
export function printInst(inst: Inst): string {
  return instText(inst, idNames)
}

const idNames: Names = { value: (inst) => `v${inst.id}`, block: (block) => `b${block.id}`, place: () => 0 }

function namesOf(fn: Func, numbering: Numbering): Names {
  const values = new Map<Inst, number>()
  const blocks = new Map(fn.blocks.map((block, i) => [block, i]))
  const place = (block: Block) => blocks.get(block) ?? -1
  if (numbering === 'ids') return { ...idNames, place }
  for (const block of fn.blocks) {
    for (const inst of block.insts) if (inst.type !== 'none') values.set(inst, values.size)
  }
  // An argument that is in no block is shown, not hidden: the verifier's dump must show it.
  return {
    value: (inst) => `v${values.get(inst) ?? `?${inst.id}`}`,
    block: (block) => `b${blocks.get(block) ?? `?${block.id}`}`,
    place,
  }
}

function mapsOf(fn: Func): Set<MapDecl> {
  const maps = new Set<MapDecl>()
  for (const block of fn.blocks) {
    for (const inst of block.insts) if (inst.op === 'mapRef' || inst.op === 'mapValue') maps.add(inst.attr.map)
  }
  return maps
}

function instText(inst: Inst, names: Names): string {
  const marked = inst.type === 'ptr' && OPS[inst.op].result !== 'ptr' ? ':ptr' : ''
  const result = inst.type === 'none' ? '' : `${names.value(inst)}${marked} = `
  return `${result}${opText(inst)}${operands(inst, names)}`
}

/** Op with the attributes that are modifiers: `cmp.ult.64`. Value numbering takes it as part of its key. */
export function opText(inst: Inst): string {
  switch (inst.op) {
    case 'const':
    case 'coreConst':
    case 'param':
    case 'arg':
    case 'phi':
    case 'slot':
    case 'mapRef':
    case 'mapValue':
    case 'funcRef':
    case 'call':
    case 'invoke':
    case 'asm':
    case 'jump':
    case 'ret':
      return inst.op
    case 'bswap':
    case 'zext':
    case 'sext':
    case 'load':
    case 'store':
      return `${inst.op}.${inst.attr.bits}`
    case 'cmp':
    case 'br':
      return `${inst.op}.${inst.attr.pred}.${inst.attr.width}`
    case 'atomic':
      return `atomic.${inst.attr.op}.${inst.attr.bits}${inst.attr.fetch ? '.fetch' : ''}`
    default:
      return `${inst.op}.${inst.attr.width}`
  }
}

function operands(inst: Inst, names: Names): string {
  const args = inst.args.map((arg) => names.value(arg))
  const list = args.length > 0 ? ` ${args.join(', ')}` : ''
  switch (inst.op) {
    case 'const':
      return ` ${BigInt.asIntN(64, inst.attr.value)}`
    case 'coreConst':
      return ` ${inst.attr.query.kind} ${coreQueryName(inst.attr.query)} ${BigInt.asIntN(64, inst.attr.value)}`
    case 'param':
      return ` ${inst.attr.index}`
    case 'arg':
      return ` ${inst.attr.index}${inst.attr.space ? ` ${inst.attr.space}` : ''}`
    case 'funcRef':
      return ` ${inst.attr.function.name}`
    case 'invoke':
      return ` ${inst.attr.callee.decl.name}${list}`
    case 'phi': {
      const preds = inst.block?.preds ?? []
      const edges = args.map((arg, i) => ({ arg, pred: preds[i] }))
      edges.sort((a, b) => (a.pred && b.pred ? names.place(a.pred) - names.place(b.pred) : 0))
      return ` [${edges.map(({ arg, pred }) => `${pred ? names.block(pred) : 'b?'}: ${arg}`).join(', ')}]`
    }
    case 'slot':
      return ` s${inst.attr.slot.id}`
    case 'mapRef':
      return ` ${inst.attr.map.name}`
    case 'mapValue':
      return ` ${inst.attr.map.name}${offsetText(inst.attr.offset)}`
    case 'load':
      return ` ${args[0]}${offsetText(inst.attr.offset)}${inst.attr.space ? ` ${inst.attr.space}` : ''}`
    case 'store':
    case 'atomic':
      return ` ${args[0]}${offsetText(inst.attr.offset)}, ${args.slice(1).join(', ')}`
    case 'call':
      return ` ${inst.attr.helper}${list}`
    case 'asm': {
      const { opcode, dst, src, off, imm } = inst.attr
      return ` ${[opcode, dst, src, off, imm].join(' ')}${list}`
    }
    case 'br':
    case 'jump': {
      const targets = inst.block?.succs.map((succ) => names.block(succ)).join(', ')
      return inst.op === 'br' ? `${list} -> ${targets}` : ` ${targets}`
    }
    case 'add':
    case 'sub':
    case 'mul':
    case 'udiv':
    case 'umod':
    case 'sdiv':
    case 'smod':
    case 'and':
    case 'or':
    case 'xor':
    case 'shl':
    case 'lshr':
    case 'ashr':
    case 'neg':
    case 'bswap':
    case 'zext':
    case 'sext':
    case 'cmp':
    case 'ret':
      return list
    default:
      return assertNever(inst)
  }
}

/** Signed, so that `v1-8` reads as it is meant; always there, so that the reader needs no special case. */
function offsetText(offset: number): string {
  return offset < 0 ? `${offset}` : `+${offset}`
}

/** Slots are named after variables, and a Lisp variable may have any name. */
function quoteName(name: string): string {
  return /^[A-Za-z_][\w.-]*$/.test(name) ? name : JSON.stringify(name)
}
