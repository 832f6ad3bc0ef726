/**
 * The backend, top to bottom: SSA to final instructions.
 *
 *   Func --isel--> virtual registers --regalloc--> physical registers --peephole--> --layout--> --emit--> MachineCode
 */

import { slotsOf } from '../bpf/insn.ts'
import type { MachineCode } from '../object/object.ts'
import type { CompileOptions } from '../options.ts'
import type { DomTree } from '../ssa/dom.ts'
import { dominators } from '../ssa/dom.ts'
import type { Func } from '../ssa/func.ts'
import { emitCode } from './emit.ts'
import { layoutFrame } from './frame.ts'
import { selectInstructions } from './isel.ts'
import type { PlanOptions } from './isel-plan.ts'
import { layoutBlocks } from './layout.ts'
import { improveCode } from './peephole/index.ts'
import { type PresetPlace, presetPhis } from './preset.ts'
import { printMach } from './print-mach.ts'
import { allocateRegisters } from './regalloc.ts'
import { checkAllocation, collectConstants, recordSelected } from './regalloc-check.ts'

/** Choices that no rule of thumb gets right everywhere: each is tried, the smallest code wins, the first of equals. */
interface Strategy {
  readonly sharing: PlanOptions['sharing']
  readonly preset: PresetPlace | 'never'
}
const STRATEGIES: readonly Strategy[] = [
  { sharing: 'equal', preset: 'late' },
  { sharing: 'equal', preset: 'early' },
  { sharing: 'equal', preset: 'never' },
  { sharing: 'single', preset: 'late' },
]
/** Long code is not compiled several times for a slot or two. */
const MAX_SLOTS_TO_RETRY = 600

type Trace = (stage: string, print: () => string) => void

/** @throws Abort `stack-overflow`, `program-too-large`, `unsupported` */
export function lowerFunc(fn: Func, options: CompileOptions): MachineCode {
  const dom = dominators(fn)
  const silent: Trace = () => {}
  let best: { strategy: Strategy; code: MachineCode; slots: number } | undefined
  for (const strategy of STRATEGIES) {
    const code = lowerWith(fn, dom, { cpu: options.cpu, strategy, trace: silent })
    const slots = code.insns.reduce((sum, insn) => sum + slotsOf(insn), 0)
    if (!best || slots < best.slots) best = { strategy, code, slots }
    if (slots > MAX_SLOTS_TO_RETRY) break
  }
  if (options.trace) {
    const trace: Trace = (stage, print) => options.trace?.({ stage, program: fn.name, print })
    lowerWith(fn, dom, { cpu: options.cpu, strategy: best!.strategy, trace })
  }
  return best!.code
}

interface LowerContext {
  readonly cpu: CompileOptions['cpu']
  readonly strategy: Strategy
  readonly trace: Trace
}

function lowerWith(fn: Func, dom: DomTree, { cpu, strategy, trace }: LowerContext): MachineCode {
  const code = selectInstructions(fn, dom, { cpu, sharing: strategy.sharing })
  if (strategy.preset !== 'never') presetPhis(code, strategy.preset)
  trace('isel', () => printMach(code))

  recordSelected(code)
  const constants = collectConstants(code)
  allocateRegisters(code)
  checkAllocation(code, constants)
  trace('regalloc', () => printMach(code))

  improveCode(code)
  trace('peephole', () => printMach(code))

  const frame = layoutFrame(code, fn.program.span)
  return emitCode(layoutBlocks(code, cpu), frame, cpu, fn.program.span)
}
