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
import { LD_IMM64 } from '../bpf/insn.ts'
import { invariant } from '../diag/diagnostic.ts'
import type { DomTree } from '../ssa/dom.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Callee, Inst, InstOf } from '../ssa/inst.ts'
import { findLoops } from '../ssa/loops.ts'
import { HELPER_IDS } from '../tables/generated/helper-ids.ts'
import type { BinaryOpName, OpName } from '../tables/ir-ops.ts'
import { aluOpcode, OP } from './encoding.ts'
import { selectBinary, selectBswap, selectNeg, selectSext, selectZext } from './isel-alu.ts'
import { selectAsm } from './isel-asm.ts'
import { emitBranch, selectCmp } from './isel-branch.ts'
import type { IselContext } from './isel-context.ts'
import { copyInto, emit, emitRemat, move, newReg, resultReg, valueReg } from './isel-context.ts'
import { selectAtomic, selectLoad, selectStore } from './isel-memory.ts'
import { type PlanOptions, planSelection } from './isel-plan.ts'
import type { MachBlock, MachFunc } from './mach.ts'
import { FIRST_VREG } from './mach.ts'
import { reversePostorder } from './mach-dom.ts'
import { sequentialize } from './phi-moves.ts'
import { type CoreSum, coreSum, isCoreAddress, isShortCore, rematOf } from './remat.ts'

/** r1..r5 do not survive a call. */
const CALL_CLOBBERS = 0b111110
const MAX_ARGS = 5

export function selectInstructions(fn: Func, dom: DomTree, options: PlanOptions): MachFunc {
  const cx = createContext(fn, dom, options)
  for (const block of dom.order) {
    cx.block = cx.blockOf.get(block)!
    for (const inst of block.insts) {
      cx.span = inst.span ?? cx.span
      for (const values of cx.plan.onceBefore.get(inst) ?? []) makeOnce(cx, values)
      selectInst(cx, inst)
    }
  }
  // Edge blocks and expansions were appended at the end; analyses converge faster in order.
  cx.code.blocks = reversePostorder(cx.code)
  return cx.code
}

/** One register for equal values. */
function makeOnce(cx: IselContext, values: readonly Inst[]): void {
  const reg = newReg(cx)
  for (const value of values) cx.regs.set(value, reg)
  emitRemat(cx, reg, rematOf(values[0]!)!)
}

function createContext(fn: Func, dom: DomTree, options: PlanOptions): IselContext {
  const code: MachFunc = { name: fn.name, blocks: [], regLimit: FIRST_VREG, slots: [...fn.slots] }
  const loops = findLoops(fn, dom)
  const blockOf = new Map<Block, MachBlock>()
  for (const block of dom.order) {
    const machBlock: MachBlock = { id: code.blocks.length, insts: [], succs: [], depth: loops.depth(block) }
    code.blocks.push(machBlock)
    blockOf.set(block, machBlock)
  }
  const plan = planSelection(fn, dom, options)
  return { fn, cpu: options.cpu, plan, code, blockOf, block: code.blocks[0]!, span: fn.program.span, regs: new Map() }
}

const nothing = (): void => {}

/** What each op becomes. Values without operands are made where they are used. */
const SELECT: { readonly [K in OpName]: (cx: IselContext, inst: InstOf<K>) => void } = {
  const: nothing,
  coreConst: selectCoreConst,
  slot: nothing,
  mapRef: nothing,
  mapValue: nothing,
  funcRef: nothing,
  phi: nothing,
  param: selectParam,
  arg: selectParam,
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
  invoke: selectInvoke,
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

function selectParam(cx: IselContext, inst: InstOf<'param' | 'arg'>): void {
  if (inst.uses.size > 0) move(cx, resultReg(cx, inst), 1 + inst.attr.index)
}

function selectRet(cx: IselContext, inst: InstOf<'ret'>): void {
  copyInto(cx, 0, inst.args[0]!)
  emit(cx, OP.EXIT, { uses: 1 })
}

/** Additions are part of addresses where possible. */
function selectAdd(cx: IselContext, inst: InstOf<'add'>): void {
  if (cx.plan.folded.has(inst) || rematOf(inst) || isCoreAddress(inst)) return
  const sum = coreSum(inst)
  if (sum) {
    selectCoreAdd(cx, inst, sum)
    return
  }
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

/** A number that the loader sets, for whatever does not take it as its own immediate. */
function selectCoreConst(cx: IselContext, inst: InstOf<'coreConst'>): void {
  const { query, value } = inst.attr
  if (![...inst.uses].some((user) => coreSum(user)?.offset !== inst)) return
  const dst = resultReg(cx, inst)
  if (isShortCore(inst)) emit(cx, OP.MOV_IMM, { dst, imm: Number(BigInt.asIntN(64, value)), core: query, raw: true })
  else emit(cx, LD_IMM64, { dst, wide: { kind: 'const', value }, core: query, raw: true })
}

function selectCoreAdd(cx: IselContext, inst: InstOf<'add'>, { base, offset }: CoreSum): void {
  const dst = resultReg(cx, inst)
  copyInto(cx, dst, base)
  const imm = Number(BigInt.asIntN(64, offset.attr.value))
  emit(cx, aluOpcode('add', inst.attr.width), { dst, imm, core: offset.attr.query, raw: true })
}

function selectCall(cx: IselContext, inst: InstOf<'call'>): void {
  emitCall(cx, inst, { imm: HELPER_IDS[inst.attr.helper] })
}

/** The target is filled in when functions are linked behind the program. */
function selectInvoke(cx: IselContext, inst: InstOf<'invoke'>): void {
  const { callee } = inst.attr
  emitCall(cx, inst, { imm: -1, callee })
}

function emitCall(
  cx: IselContext,
  inst: InstOf<'call' | 'invoke'>,
  target: { readonly imm: number; readonly callee?: Callee },
): void {
  invariant(inst.args.length <= MAX_ARGS, `isel: a call with ${inst.args.length} arguments`)
  // Values that are only made here come last, so that no argument register is taken earlier than needed.
  const late = inst.args.filter((arg) => !cx.regs.has(arg) && rematOf(arg))
  inst.args.forEach((arg, i) => {
    if (!late.includes(arg)) move(cx, i + 1, valueReg(cx, arg))
  })
  inst.args.forEach((arg, i) => {
    if (late.includes(arg)) copyInto(cx, i + 1, arg)
  })
  const uses = ((1 << inst.args.length) - 1) << 1
  emit(cx, OP.CALL, { ...target, uses, defs: 1, clobbers: CALL_CLOBBERS })
  if (inst.type !== 'none' && inst.uses.size > 0) move(cx, resultReg(cx, inst as Inst), 0)
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
