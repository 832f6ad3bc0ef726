/**
 * The backend, top to bottom: SSA to final instructions.
 *
 *   Func --isel--> virtual registers --regalloc--> physical registers --peephole--> --layout--> --emit--> MachineCode
 */

import { slotsOf } from '../bpf/insn.ts'
import { Abort } from '../diag/diagnostic.ts'
import type { MachineCode } from '../object/object.ts'
import type { CompileOptions } from '../options.ts'
import type { DomTree } from '../ssa/dom.ts'
import { dominators } from '../ssa/dom.ts'
import type { Func } from '../ssa/func.ts'
import type { Cpu } from './cpu.ts'
import { emitCode } from './emit.ts'
import { layoutFrame } from './frame.ts'
import { selectInstructions } from './isel.ts'
import type { PlanOptions } from './isel-plan.ts'
import { layoutBlocks } from './layout.ts'
import type { MachFunc } from './mach.ts'
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
  const best = smallest(fn, dom, options)
  if (options.trace) {
    const trace: Trace = (stage, print) => options.trace?.({ stage, program: fn.name, print })
    const { code } = select(fn, dom, options.cpu, best.strategy)
    trace('isel', () => printMach(code))
    finish(fn, code, options, trace)
  }
  return best.code
}

interface Attempt {
  readonly strategy: Strategy
  readonly code: MachineCode
  readonly slots: number
}

/** A strategy may run out of stack where another does not; only when all fail is it an error. */
function smallest(fn: Func, dom: DomTree, options: CompileOptions): Attempt {
  let best: Attempt | undefined
  let failure: unknown
  let hasPresets = true
  for (const strategy of STRATEGIES) {
    // Without constants to set early, only the first of these differs from the others.
    if (!hasPresets && strategy.preset !== 'late') continue
    try {
      const selected = select(fn, dom, options.cpu, strategy)
      hasPresets = selected.hasPresets
      const code = finish(fn, selected.code, options, () => {})
      const slots = code.insns.reduce((sum, insn) => sum + slotsOf(insn), 0)
      if (!best || slots < best.slots) best = { strategy, code, slots }
      if (slots > MAX_SLOTS_TO_RETRY) break
    } catch (error) {
      if (!(error instanceof Abort)) throw error
      failure ??= error
    }
  }
  if (!best) throw failure
  return best
}

interface Selected {
  readonly code: MachFunc
  /** The choice of `preset` makes a difference. */
  readonly hasPresets: boolean
}

function select(fn: Func, dom: DomTree, cpu: Cpu, { sharing, preset }: Strategy): Selected {
  const code = selectInstructions(fn, dom, { cpu, sharing })
  return { code, hasPresets: preset === 'never' || presetPhis(code, preset) }
}

function finish(fn: Func, code: MachFunc, { cpu, exactLines }: CompileOptions, trace: Trace): MachineCode {
  recordSelected(code)
  const constants = collectConstants(code)
  allocateRegisters(code)
  checkAllocation(code, constants)
  trace('regalloc', () => printMach(code))

  improveCode(code, exactLines ? 'apart' : 'merged')
  trace('peephole', () => printMach(code))

  const frame = layoutFrame(code, fn.program.span)
  return emitCode(layoutBlocks(code, cpu), frame, cpu, fn.program.span)
}
