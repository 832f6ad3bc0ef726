/**
 * Global value numbering over the dominator tree: an instruction that computes what a dominating one has computed is
 * replaced by it. Pure ops always; loads when nothing on any path between them may have written that memory.
 *   in:  valid SSA
 *   out: no two equal pure instructions of which one dominates the other
 *
 *   v3 = load.32 v0+0 packet          v3 = load.32 v0+0 packet
 *   v9 = load.32 v0+0 packet     =>   (v9 is v3)
 *
 * Verifier: packet pointers are invalid after a helper that moves the packet; alias.ts counts that as a write to the
 * context they were loaded from, so such loads are not merged over it.
 */
import { anyBetween, escapedSlots, mayWrite, placeOf } from '../ssa/alias.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst, InstOf, Slot } from '../ssa/inst.ts'
import { opText } from '../ssa/print.ts'
import { coreQueryName } from '../types/core-query.ts'
import { rowOf } from './effects.ts'
import type { Pass } from './pass.ts'

export const gvn: Pass = {
  name: 'gvn',
  run(fn, cx) {
    const dom = cx.dom()
    const numbering = new Numbering(fn)
    // A walk over the tree; `undo` restores the table when a subtree is left.
    const stack: { block: Block; next: number; undo: (() => void)[] }[] = [
      { block: fn.entry, next: 0, undo: numbering.visit(fn.entry) },
    ]
    while (stack.length > 0) {
      const top = stack.at(-1)!
      const child = dom.children(top.block)[top.next++]
      if (child) {
        stack.push({ block: child, next: 0, undo: numbering.visit(child) })
      } else {
        for (const restore of top.undo.reverse()) restore()
        stack.pop()
      }
    }
    return numbering.changed ? 'insts' : false
  },
}

/** Loaded numbers that may live over calls; the packet pointer and one more value need the other registers. */
const MOST_KEPT = 2

const isCall = (inst: Inst): boolean => inst.op === 'call'

/** Numbers that are loaded before a call and used behind it, as the function stands. */
function loadsOverCalls(fn: Func): Set<Inst> {
  const found = new Set<Inst>()
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      if (inst.op !== 'load' || inst.type !== 'int') continue
      if ([...inst.uses].some((user) => user.op !== 'phi' && anyBetween(inst, user, isCall))) found.add(inst)
    }
  }
  return found
}

class Numbering {
  changed = false
  readonly #fn: Func
  readonly #table = new Map<string, Inst>()
  readonly #escaped: ReadonlySet<Slot>
  #kept: Set<Inst> | undefined

  constructor(fn: Func) {
    this.#fn = fn
    this.#escaped = escapedSlots(fn)
  }

  visit(block: Block): (() => void)[] {
    const undo: (() => void)[] = []
    for (const inst of [...block.insts]) {
      const key = keyOf(inst)
      if (key === undefined) continue
      const known = this.#table.get(key)
      if (known && this.#stillHolds(known, inst)) {
        this.#fn.replaceInst(inst, known)
        this.changed = true
        continue
      }
      this.#table.set(key, inst)
      undo.push(() => (known ? this.#table.set(key, known) : this.#table.delete(key)))
    }
    return undo
  }

  #stillHolds(known: Inst, inst: Inst): boolean {
    if (inst.op !== 'load') return true
    const place = placeOf(inst)
    if (anyBetween(known, inst, (between) => mayWrite(between, place, this.#escaped))) return false
    return !anyBetween(known, inst, isCall) || this.#mayKeep(known)
  }

  /** A value kept over a call takes one of four registers, or is spilled, which costs more than to load it again. */
  #mayKeep(load: Inst): boolean {
    this.#kept ??= loadsOverCalls(this.#fn)
    if (!this.#kept.has(load) && this.#kept.size >= MOST_KEPT) return false
    this.#kept.add(load)
    return true
  }
}

/** Equal keys mean equal values, for loads as long as memory has not changed. */
function keyOf(inst: Inst): string | undefined {
  if (inst.type === 'none' || (!rowOf(inst).pure && inst.op !== 'load')) return undefined
  const ids = inst.args.map((arg) => arg.id)
  if (rowOf(inst).commutes) ids.sort((a, b) => a - b)
  return `${opText(inst)} ${detail(inst)} ${ids.join(' ')}`
}

/** What `opText` leaves out. */
function detail(inst: Inst): string {
  switch (inst.op) {
    case 'const':
      return String(inst.attr.value)
    case 'param':
      return String(inst.attr.index)
    case 'coreConst':
      return `${inst.attr.query.kind} ${coreQueryName(inst.attr.query)}`
    case 'arg':
      return String(inst.attr.index)
    case 'funcRef':
      return inst.attr.function.name
    case 'phi':
      // Arguments of two blocks' phis belong to different edges.
      return `b${inst.block!.id} ${inst.type}`
    case 'slot':
      return String(inst.attr.slot.id)
    case 'mapRef':
      return inst.attr.map.name
    case 'mapValue':
      return `${inst.attr.map.name}+${inst.attr.offset}`
    case 'load':
      return loadDetail(inst)
    default:
      return inst.type
  }
}

function loadDetail(inst: InstOf<'load'>): string {
  return `${inst.attr.offset} ${inst.attr.space ?? ''}`
}
