/**
 * Spilling: registers that found no place live in the frame, or are made again where they are used (constants,
 * addresses, map references). Each use gets a short-lived register; uses close together share one.
 *
 *   mov %7, %3           ->  store [spill 0], %3
 *   add %9, %7               load %20, [spill 0] ; add %9, %20
 *
 * Pointers are saved as whole aligned words, which is the only form in which the verifier keeps their type
 * (check_stack_write_fixed_off, kernel/bpf/verifier.c).
 */
import type { Slot } from '../ssa/inst.ts'
import { loadOpcode, storeOpcode } from './encoding.ts'
import type { MachBlock, MachFunc, MachInst, Reg } from './mach.ts'
import { DEF, FRAME_REG, forEachDef, isMove, isRemat, isVirtual, mach, NO_REG, sameRemat, USE } from './mach.ts'

/** Where the value of a spilled register is. */
export type Home = { readonly kind: 'slot'; readonly slot: Slot } | { readonly kind: 'remat'; readonly inst: MachInst }

export interface SpillPlan {
  readonly homes: ReadonlyMap<Reg, Home>
  /** Most instructions between two uses that share a reload. */
  readonly window: number
  /** Gets each short-lived register. */
  readonly onTemp: (reg: Reg) => void
}

/** Registers that were coalesced into one node. */
export interface SpillGroup {
  readonly node: Reg
  readonly members: readonly Reg[]
}

/** A home for each group; groups that are never alive together share a slot. */
export function assignHomes(
  fn: MachFunc,
  groups: readonly SpillGroup[],
  conflicts: (a: Reg, b: Reg) => boolean,
): Map<Reg, Home> {
  const groupOf = new Map<Reg, number>()
  groups.forEach(({ members }, i) => {
    for (const reg of members) groupOf.set(reg, i)
  })
  const remat = rematGroups(fn, groupOf)
  const homes = new Map<Reg, Home>()
  const shared: { readonly slot: Slot; readonly nodes: Reg[] }[] = []
  groups.forEach(({ node, members }, i) => {
    const inst = remat.get(i)
    const home: Home = inst ? { kind: 'remat', inst } : { kind: 'slot', slot: placeNode(fn, node, shared, conflicts) }
    for (const reg of members) homes.set(reg, home)
  })
  return homes
}

function placeNode(
  fn: MachFunc,
  node: Reg,
  shared: { readonly slot: Slot; readonly nodes: Reg[] }[],
  conflicts: (a: Reg, b: Reg) => boolean,
): Slot {
  const free = shared.find(({ nodes }) => !nodes.some((other) => conflicts(node, other)))
  if (free) {
    free.nodes.push(node)
    return free.slot
  }
  const slot: Slot = { id: fn.slots.length, name: 'spilled value', size: 8, align: 8 }
  fn.slots.push(slot)
  shared.push({ slot, nodes: [node] })
  return slot
}

/** Groups whose every definition is the same repeatable instruction (copies inside the group aside). */
export function rematGroups(fn: MachFunc, groupOf: ReadonlyMap<Reg, number>): Map<number, MachInst> {
  const found = new Map<number, MachInst>()
  const refused = new Set<number>()
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      forEachDef(inst, (reg) => {
        const group = groupOf.get(reg)
        if (group === undefined) return
        if (isMove(inst) && groupOf.get(inst.src) === group) return
        const known = found.get(group)
        if (isRemat(inst) && (!known || sameRemat(known, inst))) found.set(group, inst)
        else refused.add(group)
      })
    }
  }
  for (const group of refused) found.delete(group)
  return found
}

export function spillRegisters(fn: MachFunc, plan: SpillPlan): void {
  for (const block of fn.blocks) new BlockSpiller(fn, plan, block).run()
}

const slotOf = (home: Home | undefined): Slot | undefined => (home?.kind === 'slot' ? home.slot : undefined)

class BlockSpiller {
  readonly #fn: MachFunc
  readonly #plan: SpillPlan
  readonly #block: MachBlock
  readonly #out: MachInst[] = []
  /** Temporary that holds a spilled register now, and where it was last touched. */
  readonly #current = new Map<Reg, { readonly temp: Reg; at: number }>()

  constructor(fn: MachFunc, plan: SpillPlan, block: MachBlock) {
    this.#fn = fn
    this.#plan = plan
    this.#block = block
  }

  run(): void {
    this.#block.insts.forEach((inst, at) => {
      if (isMove(inst) && (this.#home(inst.dst) || this.#home(inst.src))) this.#move(inst, at)
      else this.#ordinary(inst, at)
      if (inst.clobbers !== 0 || inst.raw) this.#current.clear()
    })
    this.#block.insts = this.#out
  }

  #home(reg: Reg): Home | undefined {
    return isVirtual(reg) ? this.#plan.homes.get(reg) : undefined
  }

  #move(inst: MachInst, at: number): void {
    const to = this.#home(inst.dst)
    const from = this.#home(inst.src)
    const names = { dst: inst.selected!.dst, src: inst.selected!.src }
    this.#current.delete(inst.dst)
    if (to && (to === from || slotOf(to) === slotOf(from))) {
      // Both live in one place: nothing to do, but the checker hears of it.
      const slot = slotOf(to)
      if (slot) this.#out.push({ ...inst, dst: NO_REG, src: NO_REG, dstRole: 0, srcRole: 0, slot, selected: names })
      return
    }
    if (to?.kind === 'remat') return
    if (to) {
      const src = from ? this.#temp(inst.src, from, inst, at) : inst.src
      this.#store(to.slot, src, { ...names, added: 'store' }, inst)
      return
    }
    const shared = this.#reuse(inst.src, at)
    if (shared !== undefined) this.#out.push({ ...inst, src: shared })
    else this.#fetch(inst.dst, from!, names, inst)
  }

  #ordinary(inst: MachInst, at: number): void {
    const dstHome = this.#home(inst.dst)
    const srcHome = this.#home(inst.src)
    if (!dstHome && !srcHome) {
      this.#out.push(inst)
      return
    }
    // The definition of a value that is made again at each use.
    if (dstHome?.kind === 'remat' && inst.dstRole === DEF) return
    const same = inst.dst === inst.src
    const dst = dstHome
      ? this.#operand(inst.dst, inst.dstRole | (same ? inst.srcRole : 0), dstHome, inst, at)
      : inst.dst
    const src = !srcHome ? inst.src : same ? dst : this.#operand(inst.src, inst.srcRole, srcHome, inst, at)
    this.#out.push({ ...inst, dst, src })
    if (dstHome && inst.dstRole & DEF) this.#save(inst.dst, inst.selected!.dst, dst, dstHome, inst, at)
    if (srcHome && inst.srcRole & DEF) this.#save(inst.src, inst.selected!.src, src, srcHome, inst, at)
  }

  #operand(reg: Reg, role: number, home: Home, inst: MachInst, at: number): Reg {
    if (role & USE) return this.#temp(reg, home, inst, at)
    const temp = this.#newTemp()
    this.#current.set(reg, { temp, at })
    return temp
  }

  #newTemp(): Reg {
    const temp = this.#fn.regLimit++
    this.#plan.onTemp(temp)
    return temp
  }

  #reuse(reg: Reg, at: number): Reg | undefined {
    const current = this.#current.get(reg)
    if (!current || at - current.at > this.#plan.window) return undefined
    current.at = at
    return current.temp
  }

  /** The spilled register in a temporary. */
  #temp(reg: Reg, home: Home, inst: MachInst, at: number): Reg {
    const shared = this.#reuse(reg, at)
    if (shared !== undefined) return shared
    const temp = this.#newTemp()
    const name = reg === inst.dst ? inst.selected!.dst : inst.selected!.src
    this.#fetch(temp, home, { dst: name, src: name }, inst)
    this.#current.set(reg, { temp, at })
    return temp
  }

  #fetch(dst: Reg, home: Home, names: { dst: Reg; src: Reg }, inst: MachInst): void {
    if (home.kind === 'remat') {
      this.#out.push({ ...home.inst, dst, span: inst.span, selected: { ...names, added: 'remat' } })
      return
    }
    const load = mach(loadOpcode(64), { dst, src: FRAME_REG, slot: home.slot, span: inst.span, space: 'stack' })
    load.selected = { ...names, added: 'reload' }
    this.#out.push(load)
  }

  #store(slot: Slot, src: Reg, selected: MachInst['selected'], inst: MachInst): void {
    const store = mach(storeOpcode(64), { dst: FRAME_REG, src, slot, span: inst.span, space: 'stack' })
    store.selected = selected
    this.#out.push(store)
  }

  /** Writes a changed value back, unless the next instruction changes it again. */
  #save(reg: Reg, name: Reg, temp: Reg, home: Home, inst: MachInst, at: number): void {
    if (home.kind === 'remat') return
    const current = this.#current.get(reg)
    const next = this.#block.insts[at + 1]
    const again = next !== undefined && next.dst === reg && (next.dstRole & DEF) !== 0 && !isMove(next)
    if (again && (next.dstRole & USE) !== 0 && current?.temp === temp) return
    this.#store(home.slot, temp, { dst: name, src: name, added: 'store' }, inst)
  }
}
