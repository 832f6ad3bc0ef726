/**
 * What a program that goes wrong in the VM throws: where (program, slot, source line, instruction), why, and the
 * registers. The kernel's verifier would have refused the program, or the program needs something that the VM lacks.
 */
import type { LineInfo } from '../object/object.ts'

export interface FaultPlace {
  readonly program: string
  /** Slot of the instruction, as bpftool and llvm-objdump count. */
  readonly slot: number
  /** Disassembled. */
  readonly insn: string
  readonly line: LineInfo | undefined
  /** r0..r10, unsigned. */
  readonly registers: readonly bigint[]
}

export class VmFault extends Error implements FaultPlace {
  readonly reason: string
  readonly program: string
  readonly slot: number
  readonly insn: string
  readonly line: LineInfo | undefined
  readonly registers: readonly bigint[]

  constructor(reason: string, place: FaultPlace) {
    super(faultMessage(reason, place))
    this.name = 'VmFault'
    this.reason = reason
    this.program = place.program
    this.slot = place.slot
    this.insn = place.insn
    this.line = place.line
    this.registers = place.registers
  }
}

function faultMessage(reason: string, place: FaultPlace): string {
  const lines = [`program ${place.program}: ${reason}`, `  at slot ${place.slot}: ${place.insn}`]
  if (place.line !== undefined) {
    const { file, line, column, text } = place.line
    lines.push(`  at ${file}:${line}:${column}: ${text.trim()}`)
  }
  const hex = place.registers.map((value, i) => `r${i}=0x${value.toString(16)}`)
  lines.push(`  ${hex.slice(0, 6).join(' ')}`, `  ${hex.slice(6).join(' ')}`)
  return lines.join('\n')
}
