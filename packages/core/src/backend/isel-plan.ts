/**
 * Decisions of instruction selection that need a view of all uses of a value:
 *
 *   folded   `add ptr, const` that only addresses memory: its offset goes into the loads and stores
 *   once     values that could be made again at each use, but are cheaper kept in a register; made before `anchor`
 *   rebased  packet accesses relative to the bounds-checked pointer (see rebase.ts)
 *
 * Costs are slots: ld_imm64 and a frame address take 2, a short constant 1, a copy to an argument register 1.
 */
import type { DomTree } from '../ssa/dom.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst } from '../ssa/inst.ts'
import { OPS } from '../tables/ir-ops.ts'
import { atLeast, type Cpu } from './cpu.ts'
import { findRebased, type Rebased } from './rebase.ts'
import type { Remat } from './remat.ts'
import { addressesOnly, constCost, fitsImmediate, rematKey, rematOf, smallConst, storesImmediate } from './remat.ts'

export interface Plan {
  readonly folded: ReadonlySet<Inst>
  /** Values to compute in front of the key; those of one list are equal and get one register. */
  readonly onceBefore: ReadonlyMap<Inst, readonly (readonly Inst[])[]>
  readonly rebased: ReadonlyMap<Inst, Rebased>
}

export interface PlanOptions {
  readonly cpu: Cpu
  /** `equal`: instructions that make equal values count as one; each by itself otherwise. */
  readonly sharing: 'equal' | 'single'
}

export function planSelection(fn: Func, dom: DomTree, options: PlanOptions): Plan {
  const folded = findFolded(fn)
  return { folded, onceBefore: findOnce(fn, dom, options), rebased: findRebased(fn, dom, folded) }
}

export function isFolded(inst: Inst): boolean {
  if (inst.op !== 'add' || inst.type !== 'ptr' || smallConst(inst.args[1]!) === undefined) return false
  const offset = smallConst(inst.args[1]!)!
  for (const user of inst.uses) {
    if (!addressesOnly(user, inst)) return false
    const total = offset + (user.attr as { offset: number }).offset
    if (total < -0x8000 || total > 0x7fff) return false
  }
  return inst.uses.size > 0
}

function findFolded(fn: Func): Set<Inst> {
  const folded = new Set<Inst>()
  for (const block of fn.blocks) for (const inst of block.insts) if (isFolded(inst)) folded.add(inst)
  return folded
}

/** How one use takes a value: as part of the instruction, in a register it copies anyway, or in any register. */
type Need = 'none' | 'copied' | 'any'

function needOf(user: Inst, index: number, remat: Remat, cpu: Cpu): Need {
  switch (user.op) {
    case 'phi':
    case 'ret':
    case 'call':
    case 'invoke':
      return 'copied'
    case 'load':
      return remat.kind === 'lea' ? 'none' : 'any'
    case 'store':
      if (index === 0) return remat.kind === 'lea' ? 'none' : 'any'
      return remat.kind === 'const' && storesImmediate(user, remat.value) ? 'none' : 'any'
    case 'atomic':
      if (index === 0) return remat.kind === 'lea' ? 'none' : 'any'
      return user.attr.fetch ? 'copied' : 'any'
    case 'br':
    case 'cmp': {
      // One constant is the immediate, whichever side it is on.
      const other = user.args[1 - index]!
      if (remat.kind !== 'const' || other.op === 'const') return 'any'
      return fitsImmediate(remat.value, atLeast(cpu, 'v3') ? user.attr.width : 64) ? 'none' : 'any'
    }
    case 'asm':
      return 'none'
    case 'sdiv':
    case 'smod':
      // Before v4 both operands are copied and made positive.
      if (!atLeast(cpu, 'v4')) return 'copied'
      return binaryNeed(user, index, remat)
    default:
      return OPS[user.op].class === 'binary' ? binaryNeed(user, index, remat) : 'copied'
  }
}

/** Agrees with selectBinary: a use that selection takes from a register must not be called `none`. */
function binaryNeed(user: Inst, index: number, remat: Remat): Need {
  const { width } = user.attr as { width: 32 | 64 }
  const isRight = index === 1 || ('commutes' in OPS[user.op] && user.args[1]!.op !== 'const')
  if (!isRight) return 'copied'
  if (remat.kind !== 'const' || (isDivision(user) && BigInt.asUintN(width, remat.value) === 0n)) return 'any'
  // Masks of 32 bits become 32-bit operations (isel-alu).
  return fitsImmediate(remat.value, width) || (user.op === 'and' && remat.value >> 32n === 0n) ? 'none' : 'any'
}

const isDivision = ({ op }: Inst): boolean => op === 'udiv' || op === 'umod' || op === 'sdiv' || op === 'smod'

/** Values that more than one use wants in a register, and where to make them. */
function findOnce(fn: Func, dom: DomTree, { cpu, sharing }: PlanOptions): Map<Inst, Inst[][]> {
  const before = new Map<Inst, Inst[][]>()
  for (const insts of sharing === 'equal' ? equalValues(fn) : singleValues(fn)) {
    const remat = rematOf(insts[0]!)!
    const uses = insts.flatMap((inst) => registerUses(inst, remat, cpu))
    if (!worthKeeping(remat, uses)) continue
    const anchor = commonPlace(dom, uses)
    before.set(anchor, [...(before.get(anchor) ?? []), insts])
  }
  return before
}

function singleValues(fn: Func): Inst[][] {
  return fn.blocks.flatMap((block) => block.insts.filter((inst) => rematOf(inst)).map((inst) => [inst]))
}

/** Instructions that make the same value, wherever they are. */
function equalValues(fn: Func): Inst[][] {
  const groups = new Map<string, Inst[]>()
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      const remat = rematOf(inst)
      if (!remat) continue
      const key = rematKey(remat)
      const group = groups.get(key)
      if (group) group.push(inst)
      else groups.set(key, [inst])
    }
  }
  return [...groups.values()]
}

interface RegisterUse {
  readonly user: Inst
  readonly need: Need
  /** Where the register is needed: for a phi, the end of the block that the edge leaves. */
  readonly block: Block
}

function registerUses(inst: Inst, remat: Remat, cpu: Cpu): RegisterUse[] {
  const uses: RegisterUse[] = []
  for (const user of inst.uses) {
    // An address that is part of a remat value of its own does not need its base.
    if (user.op === 'add' && rematOf(user)) continue
    user.args.forEach((arg, index) => {
      if (arg !== inst) return
      const need = needOf(user, index, remat, cpu)
      const block = user.op === 'phi' ? user.block!.preds[index]! : user.block!
      if (need !== 'none') uses.push({ user, need, block })
    })
  }
  return uses
}

function worthKeeping(remat: Remat, uses: readonly RegisterUse[]): boolean {
  const any = uses.filter((use) => use.need === 'any').length
  const copied = uses.length - any
  const cost = remat.kind === 'const' ? constCost(remat.value) : 2
  return cost + copied < cost * uses.length
}

/** The latest instruction that comes before all uses on every path. */
function commonPlace(dom: DomTree, uses: readonly RegisterUse[]): Inst {
  let common = uses[0]!.block
  for (const { block } of uses) while (!dom.dominates(common, block)) common = dom.idom(common)!
  const local = new Set(uses.filter((use) => use.block === common && use.user.op !== 'phi').map((use) => use.user))
  return common.insts.find((inst) => local.has(inst)) ?? common.insts.at(-1)!
}
