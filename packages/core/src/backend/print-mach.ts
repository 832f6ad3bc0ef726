/** Text of machine code before emission, for traces and messages: `%n` virtual registers, `[name+off]` frame slots. */
import type { MachBlock, MachFunc, MachInst, Reg, Wide } from './mach.ts'
import { FRAME_REG, isVirtual, NO_REG } from './mach.ts'

export function printMach(fn: MachFunc): string {
  const lines = [`mach ${fn.name} {`]
  for (const block of fn.blocks) {
    lines.push(`b${block.id}:`)
    for (const inst of block.insts) lines.push(`  ${printMachInst(inst)}`)
    lines.push(`  -> ${block.succs.map((succ: MachBlock) => `b${succ.id}`).join(', ') || 'exit'}`)
  }
  lines.push('}')
  return `${lines.join('\n')}\n`
}

const regText = (reg: Reg): string => (isVirtual(reg) ? `%${reg - 16}` : `r${reg}`)

const ALU = ['add', 'sub', 'mul', 'div', 'or', 'and', 'lsh', 'rsh', 'neg', 'mod', 'xor', 'mov', 'arsh', 'swap']
const JUMP = ['ja', 'jeq', 'jgt', 'jge', 'jset', 'jne', 'jsgt', 'jsge', 'call', 'exit', 'jlt', 'jle', 'jslt', 'jsle']
const CLASS_TEXT = ['ld', 'load', 'st', 'store', 'alu32', 'jmp', 'jmp32', 'alu64']

export function printMachInst(inst: MachInst): string {
  const kind = inst.opcode & 7
  const code = inst.opcode >> 4
  let name = CLASS_TEXT[kind]!
  if (kind === 4 || kind === 7) name = `${ALU[code] ?? 'alu?'}${kind === 4 ? '32' : ''}`
  if (kind === 5 || kind === 6) name = `${JUMP[code] ?? 'jmp?'}${kind === 6 ? '32' : ''}`
  if (kind === 1 || kind === 2 || kind === 3) name += `.${[32, 16, 8, 64][(inst.opcode >> 3) & 3]}`
  const parts: string[] = []
  if (inst.dst !== NO_REG && !(inst.slot && inst.dst === FRAME_REG)) parts.push(regText(inst.dst))
  if (inst.src !== NO_REG && !(inst.slot && inst.src === FRAME_REG)) parts.push(regText(inst.src))
  if (inst.slot)
    parts.push(`[${inst.slot.name}#${inst.slot.id}${inst.off + inst.imm ? `+${inst.off || inst.imm}` : ''}]`)
  else if (inst.off !== 0) parts.push(`off ${inst.off}`)
  if (inst.imm !== 0 && !inst.slot) parts.push(`${inst.imm}`)
  if (inst.wide) parts.push(wideText(inst.wide))
  if (inst.callee) parts.push(inst.callee.decl.name)
  return `${name} ${parts.join(', ')}`.trim()
}

function wideText(wide: Wide): string {
  switch (wide.kind) {
    case 'const':
      return `${wide.value}`
    case 'function':
      return `function ${wide.function.name}`
    default:
      return `${wide.kind} ${wide.map.name}`
  }
}
