/**
 * Proof that an allocation is right, by symbolic execution: each location (register or spill slot) holds a set of
 * selected registers; copies copy sets, definitions replace them, calls empty r0..r5, joins intersect. Every operand of
 * every selected instruction must find its register in its location. Independent of how the allocation was made.
 *
 *   in:  allocated code with `selected` on each instruction (copies to themselves still present)
 *   throws InvariantError with the first wrong operand
 */
import { InvariantError } from '../diag/diagnostic.ts'
import type { MachBlock, MachFunc, MachInst, Reg, Selected } from './mach.ts'
import { DEF, FRAME_REG, isMove, isRemat, isVirtual, NO_REG, sameRemat, USE } from './mach.ts'
import { printMachInst } from './print-mach.ts'

/** Registers are 0..9, spill slots SLOT_BASE + slot id. */
type Location = number
const SLOT_BASE = 100

/** Missing entry: empty set. */
type State = Map<Location, Set<Reg>>

/** Every definition of a selected register, when all are one repeatable instruction or copies of such registers. */
export type Constants = ReadonlyMap<Reg, MachInst>

export function checkAllocation(fn: MachFunc, constants: Constants): void {
  const entry = fn.blocks[0]!
  const states = new Map<MachBlock, State>([[entry, new Map(argumentRegisters())]])
  const work = [entry]
  for (let block = work.pop(); block; block = work.pop()) {
    const state = copyState(states.get(block)!)
    for (const inst of block.insts) step(fn, state, inst, undefined)
    for (const succ of block.succs) {
      const known = states.get(succ)
      if (!known) states.set(succ, copyState(state))
      else if (!intersect(known, state)) continue
      work.push(succ)
    }
  }
  for (const [block, state] of states) {
    const current = copyState(state)
    for (const inst of block.insts) step(fn, current, inst, constants)
  }
}

/** r1..r5 at the entry hold themselves; only r1 (the context) is ever read. */
function argumentRegisters(): [Location, Set<Reg>][] {
  return [1, 2, 3, 4, 5].map((reg) => [reg, new Set([reg])])
}

function copyState(state: State): State {
  return new Map([...state].map(([location, regs]) => [location, new Set(regs)]))
}

/** Keeps in `into` what both have; true when that made it smaller. */
function intersect(into: State, other: State): boolean {
  let changed = false
  for (const [location, regs] of into) {
    const others = other.get(location)
    for (const reg of regs) {
      if (others?.has(reg)) continue
      regs.delete(reg)
      changed = true
    }
  }
  return changed
}

/** Executes one instruction; with `constants` its operands are checked too. */
function step(fn: MachFunc, state: State, inst: MachInst, constants: Constants | undefined): void {
  const selected = inst.selected
  if (!selected) fail(fn, inst, 'has no selected registers')
  if (selected.added || isCopy(inst)) {
    stepCopy(fn, state, inst, selected, constants)
    return
  }
  const fields = [
    { location: inst.dst, name: selected.dst, role: inst.dstRole },
    { location: inst.src, name: selected.src, role: inst.srcRole },
  ]
  if (constants) {
    for (const { location, name, role } of fields) {
      if (role & USE && location !== FRAME_REG) expectHeld(fn, state, { inst, location, name })
    }
    forEachBit(inst.raw ? 0 : inst.uses, (reg) => expectHeld(fn, state, { inst, location: reg, name: reg }))
  }
  forEachBit(inst.clobbers | inst.defs, (reg) => state.delete(reg))
  for (const { location, name, role } of fields) if (role & DEF) define(state, location, name)
  forEachBit(inst.defs, (reg) => define(state, reg, reg))
}

const isCopy = (inst: MachInst): boolean => isMove(inst) || isSlotCopy(inst)
const isSlotCopy = (inst: MachInst): boolean => inst.opcode === 0xbf && inst.slot !== undefined && inst.dst === NO_REG

/** Copies, real or vanished, and what the spiller put in. */
function stepCopy(
  fn: MachFunc,
  state: State,
  inst: MachInst,
  { dst, src, added }: Selected,
  constants: Constants | undefined,
): void {
  const slot = inst.slot ? SLOT_BASE + inst.slot.id : NO_REG
  if (added === 'remat') {
    const constant = constants?.get(src)
    if (constants) {
      const same = constant !== undefined && isRemat(inst) && sameRemat(constant, inst)
      if (!same) fail(fn, inst, `is not the value of %${src}`)
    }
    define(state, inst.dst, dst, new Set([src]), src)
    return
  }
  const from = added === 'reload' || isSlotCopy(inst) ? slot : inst.src
  const to = added === 'store' || isSlotCopy(inst) ? slot : inst.dst
  if (constants) expectHeld(fn, state, { inst, location: from, name: src })
  define(state, to, dst, new Set(state.get(from)), src)
}

/**
 * `location` now holds `name` and what is `equal` to it. The old value of `name` is forgotten everywhere, unless `name`
 * was only copied from `source`, another place of itself.
 */
function define(state: State, location: Location, name: Reg, equal: Set<Reg> = new Set(), source?: Reg): void {
  if (name !== source) {
    for (const regs of state.values()) regs.delete(name)
    equal.delete(name)
  }
  equal.add(name)
  state.set(location, equal)
}

function expectHeld(
  fn: MachFunc,
  state: State,
  { inst, location, name }: { inst: MachInst; location: Location; name: Reg },
): void {
  const held = state.get(location)
  if (held?.has(name)) return
  const place = location >= SLOT_BASE ? `slot ${location - SLOT_BASE}` : `r${location}`
  const wanted = isVirtual(name) ? `%${name}` : `r${name}`
  fail(fn, inst, `wants ${wanted} in ${place}, which holds {${[...(held ?? [])].join(' ')}}`)
}

function fail(fn: MachFunc, inst: MachInst, problem: string): never {
  throw new InvariantError(`regalloc: ${fn.name}: ${printMachInst(inst)} ${problem}`)
}

function forEachBit(mask: number, visit: (reg: Reg) => void): void {
  for (let reg = 0; mask >> reg !== 0; reg++) if ((mask >> reg) & 1) visit(reg)
}

/** Notes the registers as selected, which is what allocated code is compared with. Before anything rewrites them. */
export function recordSelected(fn: MachFunc): void {
  for (const block of fn.blocks) for (const inst of block.insts) inst.selected = { dst: inst.dst, src: inst.src }
}

/** From the selected code, before allocation: registers with one repeatable value. */
export function collectConstants(fn: MachFunc): Constants {
  const constants = new Map<Reg, MachInst>()
  const varying = new Set<Reg>()
  const copies: MachInst[] = []
  const learn = (reg: Reg, inst: MachInst | undefined): boolean => {
    const known = constants.get(reg)
    if (varying.has(reg) || (known && inst && sameRemat(known, inst))) return false
    if (inst && !known) constants.set(reg, inst)
    else {
      constants.delete(reg)
      varying.add(reg)
    }
    return true
  }
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      if (isMove(inst)) copies.push(inst)
      else if (inst.dstRole & DEF) learn(inst.dst, isRemat(inst) ? inst : undefined)
      if (!isMove(inst) && inst.srcRole & DEF) learn(inst.src, undefined)
    }
  }
  for (let changed = true; changed; ) {
    changed = false
    for (const { dst, src } of copies) {
      const value = isVirtual(src) && !varying.has(src) ? constants.get(src) : undefined
      const pending = isVirtual(src) && !varying.has(src) && value === undefined
      if (!pending) changed = learn(dst, value) || changed
    }
  }
  return constants
}
