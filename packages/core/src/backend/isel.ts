/**
 * Instruction selection: SSA to BPF instructions with virtual registers.
 *
 *   in:  a verified function
 *   out: machine blocks in reverse postorder; phis are copies at the end of their predecessors (or on edge blocks);
 *        calls take r1..r5 and give r0; the context pointer is copied out of r1 at the entry
 *
 *   v3 = add v1, 4       mov %3, %1
 *                        add %3, 4
 */
import { invariant } from '../diag/diagnostic.ts'
import type { DomTree } from '../ssa/dom.ts'
import type { Block, Func, Inst, InstOf } from '../ssa/func.ts'
import { findLoops } from '../ssa/loops.ts'
import { HELPER_IDS } from '../tables/generated/helper-ids.ts'
import type { BinaryOpName, OpName } from '../tables/ir-ops.ts'
import type { Cpu } from './cpu.ts'
import { OP } from './encoding.ts'
import { selectBinary, selectBswap, selectNeg, selectSext, selectZext } from './isel-alu.ts'
import { selectAsm } from './isel-asm.ts'
import { emitBranch, selectCmp } from './isel-branch.ts'
import type { IselContext } from './isel-context.ts'
import { copyInto, emit, emitRemat, move, newReg, resultReg, valueReg } from './isel-context.ts'
import { selectAtomic, selectLoad, selectStore } from './isel-memory.ts'
import { planSelection } from './isel-plan.ts'
import type { MachBlock, MachFunc } from './mach.ts'
import { FIRST_VREG } from './mach.ts'
import { reversePostorder } from './mach-dom.ts'
import { sequentialize } from './phi-moves.ts'
import { rematOf } from './remat.ts'

/** r1..r5 do not survive a call. */
const CALL_CLOBBERS = 0b111110
const MAX_ARGS = 5

export function selectInstructions(fn: Func, dom: DomTree, cpu: Cpu): MachFunc {
  const cx = createContext(fn, dom, cpu)
  for (const block of dom.order) {
    cx.block = cx.blockOf.get(block)!
    for (const inst of block.insts) {
      cx.span = inst.span ?? cx.span
      for (const value of cx.plan.onceBefore.get(inst) ?? []) emitRemat(cx, resultReg(cx, value), rematOf(value)!)
      selectInst(cx, inst)
    }
  }
  // Edge blocks and expansions were appended at the end; analyses converge faster in order.
  cx.code.blocks = reversePostorder(cx.code)
  return cx.code
}

function createContext(fn: Func, dom: DomTree, cpu: Cpu): IselContext {
  const code: MachFunc = { name: fn.name, blocks: [], regLimit: FIRST_VREG, slots: [...fn.slots] }
  const loops = findLoops(fn, dom)
  const blockOf = new Map<Block, MachBlock>()
  for (const block of dom.order) {
    const machBlock: MachBlock = { id: code.blocks.length, insts: [], succs: [], depth: loops.depth(block) }
    code.blocks.push(machBlock)
    blockOf.set(block, machBlock)
  }
  const plan = planSelection(fn, dom, cpu)
  return { fn, cpu, plan, code, blockOf, block: code.blocks[0]!, span: fn.program.span, regs: new Map() }
}

const nothing = (): void => {}

/** What each op becomes. Values without operands are made where they are used. */
const SELECT: { readonly [K in OpName]: (cx: IselContext, inst: InstOf<K>) => void } = {
  const: nothing,
  slot: nothing,
  mapRef: nothing,
  mapValue: nothing,
  phi: nothing,
  param: selectParam,
  add: selectAdd,
  sub: selectBinary,
  mul: selectBinary,
  udiv: selectBinary,
  umod: selectBinary,
  sdiv: selectBinary,
  smod: selectBinary,
  and: selectBinary,
  or: selectBinary,
  xor: selectBinary,
  shl: selectBinary,
  lshr: selectBinary,
  ashr: selectBinary,
  neg: selectNeg,
  bswap: selectBswap,
  zext: selectZext,
  sext: selectSext,
  cmp: selectCmp,
  load: selectLoad,
  store: selectStore,
  atomic: selectAtomic,
  call: selectCall,
  asm: selectAsm,
  br: selectBr,
  jump: selectJump,
  ret: selectRet,
}

function selectInst(cx: IselContext, inst: Inst): void {
  // The table pairs each op with a selector of that op; TypeScript cannot see it through the index.
  const select = SELECT[inst.op] as (cx: IselContext, inst: Inst) => void
  select(cx, inst)
}

function selectParam(cx: IselContext, inst: InstOf<'param'>): void {
  if (inst.uses.size > 0) move(cx, resultReg(cx, inst), 1 + inst.attr.index)
}

function selectRet(cx: IselContext, inst: InstOf<'ret'>): void {
  copyInto(cx, 0, inst.args[0]!)
  emit(cx, OP.EXIT, { uses: 1 })
}

/** Additions are part of addresses where possible. */
function selectAdd(cx: IselContext, inst: InstOf<'add'>): void {
  if (cx.plan.folded.has(inst) || rematOf(inst)) return
  const rebased = cx.plan.rebased.get(inst)
  if (!rebased) {
    selectBinary(cx, inst as InstOf<BinaryOpName>)
    return
  }
  const offset = inst.args[1]!
  invariant(offset.op === 'const', 'isel: a rebased add has a constant offset')
  const dst = resultReg(cx, inst)
  move(cx, dst, valueReg(cx, rebased.base))
  emit(cx, OP.ADD_IMM, { dst, imm: Number(BigInt.asIntN(64, offset.attr.value)) + rebased.delta })
}

function selectCall(cx: IselContext, inst: InstOf<'call'>): void {
  invariant(inst.args.length <= MAX_ARGS, `isel: ${inst.attr.helper} with ${inst.args.length} arguments`)
  // Values that are only made here come last, so that no argument register is taken earlier than needed.
  const late = inst.args.filter((arg) => !cx.regs.has(arg) && rematOf(arg))
  inst.args.forEach((arg, i) => {
    if (!late.includes(arg)) move(cx, i + 1, valueReg(cx, arg))
  })
  inst.args.forEach((arg, i) => {
    if (late.includes(arg)) copyInto(cx, i + 1, arg)
  })
  const uses = ((1 << inst.args.length) - 1) << 1
  emit(cx, OP.CALL, { imm: HELPER_IDS[inst.attr.helper], uses, defs: 1, clobbers: CALL_CLOBBERS })
  if (inst.type !== 'none' && inst.uses.size > 0) move(cx, resultReg(cx, inst), 0)
}

function selectJump(cx: IselContext, inst: InstOf<'jump'>): void {
  const target = inst.block!.succs[0]!
  phiCopies(cx, inst.block!, target)
  cx.block.succs = [cx.blockOf.get(target)!]
}

function selectBr(cx: IselContext, inst: InstOf<'br'>): void {
  const [left, right] = inst.args as [Inst, Inst]
  const from = inst.block!
  const branchBlock = cx.block
  const targets = from.succs.map((target) => edgeTarget(cx, from, target)) as [MachBlock, MachBlock]
  cx.block = branchBlock
  emitBranch(cx, { ...inst.attr, left, right }, targets[0], targets[1])
}

/** The block itself, or a new one on the edge that does the phi copies. */
function edgeTarget(cx: IselContext, from: Block, target: Block): MachBlock {
  const to = cx.blockOf.get(target)!
  if (target.insts[0]?.op !== 'phi') return to
  const edge: MachBlock = {
    id: cx.code.blocks.length,
    insts: [],
    succs: [to],
    depth: Math.min(cx.block.depth, to.depth),
  }
  cx.code.blocks.push(edge)
  cx.block = edge
  phiCopies(cx, from, target)
  return edge
}

function phiCopies(cx: IselContext, from: Block, target: Block): void {
  const moves: { dst: number; src: number }[] = []
  const late: { dst: number; value: Inst }[] = []
  const args = cx.fn.phiArgs(target, from)
  cx.fn.phis(target).forEach((phi, i) => {
    if (phi.uses.size === 0) return
    const value = args[i]!
    const dst = resultReg(cx, phi)
    if (!cx.regs.has(value) && rematOf(value)) late.push({ dst, value })
    else moves.push({ dst, src: valueReg(cx, value) })
  })
  for (const { dst, src } of sequentialize(moves, () => newReg(cx))) move(cx, dst, src)
  for (const { dst, value } of late) copyInto(cx, dst, value)
}
