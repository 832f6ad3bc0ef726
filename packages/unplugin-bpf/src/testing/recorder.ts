/**
 * What the VM's step hook collects: how often each instruction ran (coverage) and which source lines a run went through
 * (trace).
 */
import type { LineInfo, ProgramSpec } from '@unplugin-bpf/core/object'
import type { StepState } from '@unplugin-bpf/core/vm'
import { totalsOf } from './collect.ts'
import { linesByInsn } from './lines.ts'
import type { TraceLine } from './types.ts'

/** A program's instructions and the source lines that they belong to. */
export interface CountedProgram {
  readonly spec: ProgramSpec
  /** Index in `spec.lines` by instruction; -1 for code without line info. */
  readonly lineOf: Int32Array
  /** Runs of each instruction. */
  readonly counts: Uint32Array
  /** The same over all simulations of this program in the process; see collect.ts. */
  readonly totals: Uint32Array
}

export interface Recorder {
  readonly programs: ReadonlyMap<ProgramSpec, CountedProgram>
  onStep(state: StepState): void
  /** The trace since the last call. */
  takeTrace(): TraceLine[]
}

interface Place {
  readonly line: LineInfo
  readonly program: string
  readonly depth: number
}

export function createRecorder(): Recorder & { add(spec: ProgramSpec): void } {
  const programs = new Map<ProgramSpec, CountedProgram>()
  let places: Place[] = []
  let last: { line: LineInfo | undefined; depth: number } = { line: undefined, depth: -1 }
  const add = (spec: ProgramSpec): CountedProgram => {
    const known = programs.get(spec)
    if (known) return known
    const made: CountedProgram = {
      spec,
      lineOf: linesByInsn(spec),
      counts: new Uint32Array(spec.insns.length),
      totals: totalsOf(spec),
    }
    programs.set(spec, made)
    return made
  }
  return {
    programs,
    add,
    onStep({ program, index, depth }) {
      const counted = programs.get(program) ?? add(program)
      counted.counts[index]!++
      counted.totals[index]!++
      const line = program.lines[counted.lineOf[index]!]
      if (line === undefined || (sameLine(line, last.line) && depth === last.depth)) return
      last = { line, depth }
      places.push({ line, program: program.name, depth })
    },
    takeTrace() {
      const taken = places
      places = []
      last = { line: undefined, depth: -1 }
      return taken.map(({ line, program, depth }) => traceLine(line, program, depth))
    },
  }
}

function sameLine(a: LineInfo, b: LineInfo | undefined): boolean {
  return a === b || (a.line === b?.line && a.file === b.file)
}

function traceLine({ file, line, column, text }: LineInfo, program: string, depth: number): TraceLine {
  return { program, file, line, column, text: text.trim(), depth }
}

/** `drop-port.bpf.lisp:6  (with-tcp (data data-end tcp)`, one line each, called functions indented. */
export function formatTrace(trace: readonly TraceLine[]): string {
  const place = (entry: TraceLine) => `${'  '.repeat(entry.depth)}${entry.file}:${entry.line}`
  const width = Math.max(0, ...trace.map((entry) => place(entry).length))
  return trace.map((entry) => `${place(entry).padEnd(width)}  ${entry.text}`).join('\n')
}
