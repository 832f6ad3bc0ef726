/**
 * What a pass is, and the runner that does what no pass should do itself: skipping, the trace hook, verification
 * afterwards, dropping stale analyses, repeating groups until nothing changes, and leaving out runs that cannot change
 * anything.
 */
import { InvariantError } from '../diag/diagnostic.ts'
import type { CompileOptions } from '../options.ts'
import type { DomTree } from '../ssa/dom.ts'
import { dominators } from '../ssa/dom.ts'
import type { Func } from '../ssa/func.ts'
import type { LoopInfo } from '../ssa/loops.ts'
import { findLoops } from '../ssa/loops.ts'
import { printFunc } from '../ssa/print.ts'
import { verifyFunc } from '../ssa/verify.ts'

/** What a pass changed; decides which cached analyses survive. */
export type Changed = false | 'insts' | 'cfg'

export interface PassContext {
  readonly options: CompileOptions
  /** Analyses, computed when first asked for after a change. A pass that edits edges must not ask again. */
  dom(): DomTree
  loops(): LoopInfo
}

export interface Pass {
  /** Name in `--skip`, `--print-after` and the trace. */
  readonly name: string
  /** May not be skipped, because the backend relies on it. */
  readonly required?: true
  /** Depends on the function and the options alone: run again on what it left as it was, it changes nothing. */
  run(fn: Func, cx: PassContext): Changed
}

/** A step of the schedule: passes in order, once or until none of them changes anything. */
export interface Step {
  readonly name: string
  readonly passes: readonly Pass[]
  /** Most rounds; more would mean that two passes undo each other. */
  readonly rounds: number
}

export function once(pass: Pass): Step {
  return { name: pass.name, passes: [pass], rounds: 1 }
}

export function fixpoint(name: string, rounds: number, passes: readonly Pass[]): Step {
  return { name, passes, rounds }
}

/** Runs the schedule over one function. */
export function runSteps(fn: Func, steps: readonly Step[], options: CompileOptions): void {
  const run = passRunner(fn, options)
  if (options.verify) verifyFunc(fn, 'ssa (before the first pass)')
  for (const step of steps) {
    for (let round = 1; ; round++) {
      let changed = false
      for (const pass of step.passes) changed = run(pass) || changed
      if (!changed || step.rounds === 1) break
      // Not `invariant`: the dump is as dear as a pass, and wanted only here.
      if (round >= step.rounds) {
        throw new InvariantError(`opt: group ${step.name} still changes after ${step.rounds} rounds\n${printFunc(fn)}`)
      }
    }
  }
}

function passRunner(fn: Func, options: CompileOptions): (pass: Pass) => boolean {
  let dom: DomTree | undefined
  let loops: LoopInfo | undefined
  const cx: PassContext = {
    options,
    dom: () => {
      dom ??= dominators(fn)
      return dom
    },
    loops: () => {
      loops ??= findLoops(fn, cx.dom())
      return loops
    },
  }
  // Passes that found nothing to do in the function as it is now. Half of all runs in a schedule of groups are such.
  const idle = new Set<Pass>()
  return (pass) => {
    if (isSkipped(pass, options) || idle.has(pass)) return false
    const changed = pass.run(fn, cx)
    if (changed) idle.clear()
    else idle.add(pass)
    if (changed === 'cfg') {
      dom = undefined
      loops = undefined
    }
    if (changed && options.verify) verifyFunc(fn, pass.name)
    if (changed) options.trace?.({ stage: pass.name, program: fn.name, print: () => printFunc(fn) })
    return changed !== false
  }
}

function isSkipped(pass: Pass, options: CompileOptions): boolean {
  return !pass.required && (options.skip.includes('all') || options.skip.includes(pass.name))
}
