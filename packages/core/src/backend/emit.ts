/**
 * Linear code to final instructions: slot numbers, jump offsets, frame offsets, relocations and line information.
 *
 *   in:  laid-out blocks, a frame
 *   out: MachineCode; `lines` begins at slot 0, which the kernel demands (check_btf_line, kernel/bpf/verifier.c)
 */
import type { Insn } from '../bpf/insn.ts'
import { LD_IMM64, PSEUDO } from '../bpf/insn.ts'
import { Abort } from '../diag/diagnostic.ts'
import type { Span } from '../diag/source.ts'
import { lineColumn, lineText } from '../diag/source.ts'
import type { CoreReference, FunctionReference, LineInfo, MachineCode, Relocation } from '../object/object.ts'
import type { Cpu } from './cpu.ts'
import { atLeast } from './cpu.ts'
import { OP } from './encoding.ts'
import type { Frame } from './frame.ts'
import type { LinearBlock, LinearInst } from './layout.ts'
import type { MachBlock, MachInst, Reg } from './mach.ts'
import { FRAME_REG, NO_REG, slotCost } from './mach.ts'

export function emitCode(blocks: readonly LinearBlock[], frame: Frame, cpu: Cpu, span: Span): MachineCode {
  const starts = blockStarts(blocks)
  const insns: Insn[] = []
  const relocations: Relocation[] = []
  const references: FunctionReference[] = []
  const core: CoreReference[] = []
  const lines = new LineTable()
  let slot = 0
  for (const { insts } of blocks) {
    for (const linear of insts) {
      lines.add(slot, linear.inst.span ?? span)
      const relocation = relocationOf(linear.inst, slot)
      if (relocation) relocations.push(relocation)
      const reference = referenceOf(linear.inst, slot)
      if (reference) references.push(reference)
      if (linear.inst.core) core.push({ slot, query: linear.inst.core })
      const next = slot + slotCost(linear.inst)
      insns.push(...encodeInst(linear, frame, { from: next, starts, cpu }))
      slot = next
    }
  }
  return { insns, relocations, references, core, lines: lines.rows, stackSize: frame.size }
}

function blockStarts(blocks: readonly LinearBlock[]): Map<MachBlock, number> {
  const starts = new Map<MachBlock, number>()
  let slot = 0
  for (const { block, insts } of blocks) {
    starts.set(block, slot)
    for (const { inst } of insts) slot += slotCost(inst)
  }
  return starts
}

/** One row per change of source line. */
class LineTable {
  readonly rows: LineInfo[] = []

  add(slot: number, span: Span): void {
    const { line, column } = lineColumn(span.file, span.start)
    const last = this.rows.at(-1)
    if (last && last.line === line && last.file === span.file.name) return
    this.rows.push({ slot, file: span.file.name, text: lineText(span.file, line), line, column })
  }
}

function relocationOf(inst: MachInst, slot: number): Relocation | undefined {
  switch (inst.wide?.kind) {
    case 'map':
      return { kind: 'map', slot, map: inst.wide.map.name }
    case 'mapValue':
      return { kind: 'mapValue', slot, map: inst.wide.map.name, offset: inst.wide.offset }
    default:
      return undefined
  }
}

function referenceOf(inst: MachInst, slot: number): FunctionReference | undefined {
  if (inst.callee)
    return { kind: inst.callee.kind === 'kfunc' ? 'kfunc' : 'call', slot, function: inst.callee.decl.name }
  return inst.wide?.kind === 'function' ? { kind: 'address', slot, function: inst.wide.function.name } : undefined
}

interface JumpContext {
  /** The slot after the instruction, which offsets count from. */
  readonly from: number
  readonly starts: ReadonlyMap<MachBlock, number>
  readonly cpu: Cpu
}

const field = (reg: Reg): number => (reg === NO_REG ? 0 : reg)

function encodeInst({ inst, target }: LinearInst, frame: Frame, jump: JumpContext): Insn[] {
  const dst = field(inst.dst)
  const src = field(inst.src)
  if (target) return [encodeJump(inst, jump.starts.get(target)! - jump.from, jump.cpu)]
  if (inst.wide) return [encodeWide(inst)]
  if (inst.callee) {
    const pseudo = inst.callee.kind === 'kfunc' ? PSEUDO.KFUNC_CALL : PSEUDO.CALL
    return [{ opcode: inst.opcode, dst: 0, src: pseudo, off: 0, imm: inst.imm }]
  }
  if (!inst.slot) return [{ opcode: inst.opcode, dst, src, off: inst.off, imm: inst.imm }]
  const offset = frame.offsetOf(inst.slot)
  if (inst.opcode !== OP.MOV) return [{ opcode: inst.opcode, dst, src, off: inst.off + offset, imm: inst.imm }]
  return [
    { opcode: OP.MOV, dst, src: FRAME_REG, off: 0, imm: 0 },
    { opcode: OP.ADD_IMM, dst, src: 0, off: 0, imm: inst.imm + offset },
  ]
}

function encodeWide(inst: MachInst): Insn {
  const dst = field(inst.dst)
  const wide = inst.wide!
  if (wide.kind === 'const') {
    const imm = Number(BigInt.asIntN(32, wide.value))
    return {
      opcode: LD_IMM64,
      dst,
      src: field(inst.src),
      off: 0,
      imm,
      immHigh: Number(BigInt.asIntN(32, wide.value >> 32n)),
    }
  }
  if (wide.kind === 'function') return { opcode: LD_IMM64, dst, src: PSEUDO.FUNC, off: 0, imm: -1, immHigh: 0 }
  // The map's descriptor goes into `imm`, an offset into the value stays in the upper half.
  const isValue = wide.kind === 'mapValue'
  const src = isValue ? PSEUDO.MAP_VALUE : PSEUDO.MAP_FD
  return { opcode: LD_IMM64, dst, src, off: 0, imm: 0, immHigh: isValue ? wide.offset : 0 }
}

function encodeJump(inst: MachInst, offset: number, cpu: Cpu): Insn {
  const fits = offset >= -0x8000 && offset <= 0x7fff
  if (fits) return { opcode: inst.opcode, dst: field(inst.dst), src: field(inst.src), off: offset, imm: inst.imm }
  if (inst.opcode === OP.JUMP && atLeast(cpu, 'v4')) {
    return { opcode: OP.JUMP_LONG, dst: 0, src: 0, off: 0, imm: offset }
  }
  throw new Abort(
    'program-too-large',
    inst.span,
    `a jump over ${Math.abs(offset)} slots; an instruction can reach 32767`,
    {
      hint: 'split the program with a tail call',
    },
  )
}
