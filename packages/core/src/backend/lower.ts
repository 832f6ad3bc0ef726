/**
 * The backend, top to bottom: SSA to final instructions.
 *
 *   Func --isel--> virtual registers --regalloc--> physical registers --peephole--> --layout--> --emit--> MachineCode
 */

import type { MachineCode } from '../object/object.ts'
import type { CompileOptions } from '../options.ts'
import { dominators } from '../ssa/dom.ts'
import type { Func } from '../ssa/func.ts'
import { emitCode } from './emit.ts'
import { layoutFrame } from './frame.ts'
import { selectInstructions } from './isel.ts'
import { layoutBlocks } from './layout.ts'
import { improveCode } from './peephole/index.ts'
import { printMach } from './print-mach.ts'
import { allocateRegisters } from './regalloc.ts'
import { checkAllocation, collectConstants } from './regalloc-check.ts'

/** @throws Abort `stack-overflow`, `program-too-large`, `unsupported` */
export function lowerFunc(fn: Func, options: CompileOptions): MachineCode {
  const trace = (stage: string, print: () => string) => options.trace?.({ stage, program: fn.name, print })
  const code = selectInstructions(fn, dominators(fn), options.cpu)
  trace('isel', () => printMach(code))

  const constants = collectConstants(code)
  allocateRegisters(code)
  checkAllocation(code, constants)
  trace('regalloc', () => printMach(code))
  improveCode(code)
  trace('peephole', () => printMach(code))

  const frame = layoutFrame(code, fn.program.span)
  return emitCode(layoutBlocks(code, options.cpu), frame, options.cpu, fn.program.span)
}
