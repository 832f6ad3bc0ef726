/**
 * Machine code before its last shape: BPF instructions whose registers may be virtual, in basic blocks.
 *
 *   registers   0..10 physical, FIRST_VREG.. virtual, NO_REG absent
 *   blocks      a conditional jump or exit is the last instruction; a block that only goes on has neither (`ja` appears
 *               in layout), succs: conditional [taken, else], otherwise [next] or []
 *   frame       `slot` set: the base register is r10 and the slot's place is added to `off` (to `imm` of a `lea`)
 *
 * Not SSA: two-address operations and phi copies define a register more than once.
 */
import type { Span } from '../diag/source.ts'
import type { FunctionDecl, MapDecl } from '../forms/module.ts'
import type { Callee, Slot } from '../ssa/inst.ts'
import { CLASS, SOURCE_REG } from '../tables/opcodes.ts'
import type { CoreQuery } from '../types/core-query.ts'
import type { PtrSpace } from '../types/types.ts'
import { isAlu, isConditional, OP } from './encoding.ts'

export type Reg = number
export const NO_REG = -1
export const FRAME_REG = 10
export const FIRST_VREG = 16
export const isVirtual = (reg: Reg): boolean => reg >= FIRST_VREG

/** How an instruction touches the register in a field. */
export const USE = 1
export const DEF = 2

/** What ld_imm64 loads. */
export type Wide =
  | { readonly kind: 'const'; readonly value: bigint }
  | { readonly kind: 'map'; readonly map: MapDecl }
  | { readonly kind: 'mapValue'; readonly map: MapDecl; readonly offset: number }
  | { readonly kind: 'function'; readonly function: FunctionDecl }

export interface MachInst {
  opcode: number
  dst: Reg
  src: Reg
  off: number
  imm: number
  readonly wide?: Wide | undefined
  readonly slot?: Slot | undefined
  /** What a call that names no helper calls. */
  readonly callee?: Callee | undefined
  /** What the loader asks the kernel, to set the immediate or offset. Such an instruction is `raw`. */
  readonly core?: CoreQuery | undefined
  /** Bit masks of physical registers outside the two fields (calls, cmpxchg, exit). */
  readonly uses: number
  readonly defs: number
  /** Registers whose contents are gone afterwards, but without a value. */
  readonly clobbers: number
  readonly dstRole: number
  readonly srcRole: number
  readonly span: Span | undefined
  /** Written by the user (asm) or completed by the loader (`core`): never changed, moved or taken for something else. */
  readonly raw?: true | undefined
  /** What a memory access points to, as the verifier tells pointers apart; undefined: not known. */
  readonly space?: PtrSpace | undefined
  /** A comparison of a pointer that stays one for the verifier even where it equals 0. */
  readonly keepsPointer?: true | undefined
  /** Registers as selected, before spilling and allocation rewrote the fields; what the allocation checker trusts. */
  selected?: Selected | undefined
}

export interface Selected {
  readonly dst: Reg
  readonly src: Reg
  /** Put in by the spiller; dst and src then name the selected register that is saved or brought back. */
  readonly added?: 'store' | 'reload' | 'remat' | undefined
}

export interface MachBlock {
  readonly id: number
  insts: MachInst[]
  succs: MachBlock[]
  /** Number of loops around. */
  depth: number
}

export interface MachFunc {
  readonly name: string
  /** blocks[0] is the entry. */
  blocks: MachBlock[]
  /** First number that is not a virtual register. */
  regLimit: number
  /** Slots of the source function, then those of spilled registers. */
  slots: Slot[]
}

type Fields = Partial<Omit<MachInst, 'opcode' | 'dstRole' | 'srcRole'>>

/** Makes an instruction; the roles of its register fields follow from the opcode. */
export function mach(opcode: number, fields: Fields = {}): MachInst {
  const { dstRole, srcRole } = rolesOf(opcode, fields)
  return {
    dst: NO_REG,
    src: NO_REG,
    off: 0,
    imm: 0,
    uses: 0,
    defs: 0,
    clobbers: 0,
    span: undefined,
    ...fields,
    opcode,
    dstRole: (fields.dst ?? NO_REG) === NO_REG ? 0 : dstRole,
    srcRole: (fields.src ?? NO_REG) === NO_REG ? 0 : srcRole,
  }
}

function rolesOf(opcode: number, fields: Fields): { dstRole: number; srcRole: number } {
  const kind = opcode & 7
  if (isAlu(opcode)) {
    const writesOnly = (opcode & 0xf0) === 0xb0
    return { dstRole: writesOnly ? DEF : USE | DEF, srcRole: opcode & SOURCE_REG ? USE : 0 }
  }
  switch (kind) {
    case CLASS.LD:
    case CLASS.LDX:
      return { dstRole: DEF, srcRole: USE }
    case CLASS.STX: {
      // cmpxchg (0xf1) returns the old value in r0, the other fetching atomics in their source register.
      const fetches = (opcode & 0xe0) === 0xc0 && ((fields.imm ?? 0) & 1) === 1 && fields.imm !== 0xf1
      return { dstRole: USE, srcRole: fetches ? USE | DEF : USE }
    }
    default:
      return { dstRole: USE, srcRole: USE }
  }
}

/** A plain copy of a whole register. */
export function isMove(inst: MachInst): boolean {
  return inst.opcode === OP.MOV && inst.slot === undefined && inst.off === 0 && !inst.raw
}

/** A value that can be computed again anywhere: constant, map reference, address in the frame. */
export function isRemat(inst: MachInst): boolean {
  if (inst.raw) return false
  return (
    inst.wide !== undefined ||
    inst.opcode === OP.MOV_IMM ||
    inst.opcode === OP.MOV32_IMM ||
    (inst.opcode === OP.MOV && inst.slot !== undefined)
  )
}

export function sameRemat(a: MachInst, b: MachInst): boolean {
  return a.opcode === b.opcode && a.imm === b.imm && a.off === b.off && a.slot === b.slot && sameWide(a.wide, b.wide)
}

export function sameWide(a: Wide | undefined, b: Wide | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  switch (a.kind) {
    case 'const':
      return b.kind === 'const' && a.value === b.value
    case 'map':
      return b.kind === 'map' && a.map === b.map
    case 'mapValue':
      return b.kind === 'mapValue' && a.map === b.map && a.offset === b.offset
    case 'function':
      return b.kind === 'function' && a.function === b.function
  }
}

/** Slots that the instruction fills. */
export function slotCost(inst: MachInst): number {
  if (inst.wide) return 2
  return inst.opcode === OP.MOV && inst.slot ? 2 : 1
}

export function endsBlock(inst: MachInst): boolean {
  return inst.opcode === OP.EXIT || isConditional(inst.opcode)
}

/** The conditional jump or exit at the end. */
export function terminatorOf(block: MachBlock): MachInst | undefined {
  const last = block.insts.at(-1)
  return last && endsBlock(last) ? last : undefined
}

/** Predecessors by block id. */
export function predecessors(fn: MachFunc): Map<MachBlock, MachBlock[]> {
  const preds = new Map<MachBlock, MachBlock[]>(fn.blocks.map((block) => [block, []]))
  for (const block of fn.blocks) for (const succ of block.succs) preds.get(succ)!.push(block)
  return preds
}

/** Calls `visit` for each virtual register that the instruction reads. */
export function forEachUse(inst: MachInst, visit: (reg: Reg) => void): void {
  if (inst.dstRole & USE && isVirtual(inst.dst)) visit(inst.dst)
  if (inst.srcRole & USE && isVirtual(inst.src) && !(inst.dstRole & USE && inst.src === inst.dst)) visit(inst.src)
}

export function forEachDef(inst: MachInst, visit: (reg: Reg) => void): void {
  if (inst.dstRole & DEF && isVirtual(inst.dst)) visit(inst.dst)
  if (inst.srcRole & DEF && isVirtual(inst.src)) visit(inst.src)
}

const bit = (reg: Reg, role: number, want: number): number => (role & want && reg >= 0 && reg < 10 ? 1 << reg : 0)

/** Physical registers that the instruction reads, as a mask (r10 left out). */
export function physUses(inst: MachInst): number {
  return inst.uses | bit(inst.dst, inst.dstRole, USE) | bit(inst.src, inst.srcRole, USE)
}

/** Physical registers that the instruction gives a value. */
export function physDefs(inst: MachInst): number {
  return inst.defs | bit(inst.dst, inst.dstRole, DEF) | bit(inst.src, inst.srcRole, DEF)
}
