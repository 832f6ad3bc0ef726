/**
 * Register allocation by graph coloring with coalescing.
 *
 *   in:  instructions with virtual registers
 *   out: the same with physical ones; copies whose sides got one register are still there (the checker reads them,
 *        `removeNoops` deletes them); spilled registers live in slots added to `fn.slots`
 *
 * Each round coalesces aggressively and colors; where that fails, conservatively; what still finds no register is spilled
 * and the round repeated. A temporary of the spiller is never spilled: should one fail, everything starts over with
 * reloads shared over a shorter distance.
 */
import { invariant } from '../diag/diagnostic.ts'
import { type Coalesced, type CoalesceMode, coalesce } from './coalesce.ts'
import { type Coloring, colorGraph } from './color.ts'
import { buildGraph } from './interference.ts'
import { computeLiveness } from './liveness.ts'
import type { MachFunc, MachInst, Reg } from './mach.ts'
import { forEachDef, forEachUse, isMove, isVirtual, slotCost } from './mach.ts'
import { assignHomes, rematGroups, spillRegisters } from './spill.ts'

const MAX_ROUNDS = 24
/** Distances over which reloads are shared, in the order they are tried. */
const WINDOWS = [16, 3, 1, 0]

export function allocateRegisters(fn: MachFunc): void {
  const pristine = snapshot(fn)
  for (const window of WINDOWS) {
    if (tryAllocate(fn, window)) return
    restore(fn, pristine)
  }
  invariant(false, `regalloc: no allocation found for ${fn.name}`)
}

/** False when a temporary of the spiller found no register. */
function tryAllocate(fn: MachFunc, window: number): boolean {
  const temps = new Set<Reg>()
  for (let round = 0; round < MAX_ROUNDS; round++) {
    // Once something had to be spilled, aggressive coalescing rarely succeeds.
    const first = round === 0 ? attemptColoring(fn, 'aggressive', temps) : undefined
    const attempt = first ?? attemptColoring(fn, 'conservative', temps, true)!
    if (attempt.failed.length === 0) {
      assign(fn, attempt)
      return true
    }
    const spilled = attempt.failed.filter((node) => !isTemp(attempt, node, temps))
    if (spilled.length === 0) return false
    const groups = spilled.map((node) => ({ node, members: attempt.members.get(node)! }))
    const homes = assignHomes(fn, groups, attempt.conflicts)
    spillRegisters(fn, { homes, window, onTemp: (reg) => temps.add(reg) })
  }
  return false
}

interface Attempt extends Coloring {
  readonly coalesced: Coalesced
  readonly members: ReadonlyMap<Reg, Reg[]>
}

function isTemp(attempt: Attempt, node: Reg, temps: ReadonlySet<Reg>): boolean {
  return attempt.members.get(node)!.some((reg) => temps.has(reg))
}

/** Undefined when some node failed, unless failures are wanted. */
function attemptColoring(
  fn: MachFunc,
  mode: CoalesceMode,
  temps: ReadonlySet<Reg>,
  ...keepFailures: readonly true[]
): Attempt | undefined {
  const coalesced = coalesce(buildGraph(fn, computeLiveness(fn)), mode)
  const members = new Map<Reg, Reg[]>()
  for (const reg of coalesced.graph.nodes) {
    const node = coalesced.find(reg)
    const list = members.get(node)
    if (list) list.push(reg)
    else members.set(node, [reg])
  }
  const coloring = colorGraph(coalesced, spillCosts(fn, coalesced, members, temps))
  if (coloring.failed.length > 0 && keepFailures.length === 0) return undefined
  return { ...coloring, coalesced, members }
}

/** Slots that spilling a node adds, with loops counted more. */
function spillCosts(
  fn: MachFunc,
  coalesced: Coalesced,
  members: ReadonlyMap<Reg, readonly Reg[]>,
  temps: ReadonlySet<Reg>,
): Map<Reg, number> {
  const groupOf = new Map<Reg, number>()
  for (const [node, regs] of members) for (const reg of regs) groupOf.set(reg, node)
  const remat = rematGroups(fn, groupOf)
  const cost = new Map<Reg, number>()
  const add = (reg: Reg, amount: number): void => {
    const node = coalesced.find(reg)
    cost.set(node, (cost.get(node) ?? 0) + amount)
  }
  for (const block of fn.blocks) {
    const weight = 8 ** Math.min(block.depth, 4)
    for (const inst of block.insts) {
      if (isMove(inst) && coalesced.find(inst.dst) === coalesced.find(inst.src)) continue
      forEachUse(inst, (reg) => add(reg, weight * useCost(remat.get(coalesced.find(reg)))))
      forEachDef(inst, (reg) => add(reg, weight * (remat.has(coalesced.find(reg)) ? -slotCost(inst) : 1)))
    }
  }
  for (const reg of temps) cost.set(coalesced.find(reg), Number.POSITIVE_INFINITY)
  return cost
}

function useCost(remat: MachInst | undefined): number {
  return remat ? slotCost(remat) : 1
}

function assign(fn: MachFunc, { coalesced, color }: Attempt): void {
  const physical = (reg: Reg): Reg => {
    if (!isVirtual(reg)) return reg
    const node = coalesced.find(reg)
    const found = isVirtual(node) ? color.get(node) : node
    invariant(found !== undefined, `regalloc: register %${reg} got no place`)
    return found
  }
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      inst.dst = physical(inst.dst)
      inst.src = physical(inst.src)
    }
  }
}

/** The instruction has no effect any more: a copy to itself, or between two names of one spill slot. */
export function isNoop(inst: MachInst): boolean {
  return isMoveInPlace(inst) || isSlotCopy(inst)
}

const isMoveInPlace = (inst: MachInst): boolean => isMove(inst) && inst.dst === inst.src
const isSlotCopy = (inst: MachInst): boolean => inst.opcode === 0xbf && inst.slot !== undefined && inst.dst < 0

export function removeNoops(fn: MachFunc): void {
  for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !isNoop(inst))
}

interface Snapshot {
  readonly insts: readonly (readonly MachInst[])[]
  readonly regLimit: number
  readonly slots: number
}

function snapshot(fn: MachFunc): Snapshot {
  const insts = fn.blocks.map((block) => block.insts.map((inst) => ({ ...inst })))
  return { insts, regLimit: fn.regLimit, slots: fn.slots.length }
}

function restore(fn: MachFunc, saved: Snapshot): void {
  fn.blocks.forEach((block, i) => {
    block.insts = saved.insts[i]!.map((inst) => ({ ...inst }))
  })
  fn.regLimit = saved.regLimit
  fn.slots.length = saved.slots
}
