/** `unplugin-bpf disasm INPUT|OBJECT`: every program, the source line beside the first instruction it became. */
import { readFileSync } from 'node:fs'
import {
  type BpfObject,
  disasmInsn,
  type FunctionSpec,
  fromElf,
  type ProgramSpec,
  slotCount,
  slotsOf,
} from '@unplugin-bpf/core/object'
import { displayName } from '../compile-file.ts'
import { compileSource } from '../compile-source.ts'
import { Refused, refuseOnRejection } from './refused.ts'

export async function disasmCommand(input: string): Promise<void> {
  console.log(printObject(await refuseOnRejection(readObject(input))))
}

/** @throws Refused; CompileError of a source */
export async function readObject(input: string): Promise<BpfObject> {
  if (/\.(lisp|ts)$/.test(input)) return (await compileSource(input)).compiled.object
  try {
    return fromElf(readFileSync(input), displayName(input))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Refused(`error: ${code === 'EISDIR' ? `${displayName(input)} is a folder` : message}`)
  }
}

function printObject(object: BpfObject): string {
  const programs = object.programs.map((program) => printCode(program, `section ${program.section}`))
  const functions = (object.functions ?? []).map((fn) => printCode(fn, 'function'))
  return [...programs, ...functions].join('\n\n')
}

/**
 *   count_packets: section xdp, 6 slots
 *       0: r1 = 0 ll                    ; map pkt_count  ; count-xdp.bpf.lisp:6: (incf (getmap pkt-count 0))
 */
function printCode(code: ProgramSpec | FunctionSpec, what: string): string {
  const lines = instructionLines(code)
  const width = Math.min(48, Math.max(...lines.map((line) => line.text.length)))
  const head = `${code.name}: ${what}, ${slotCount(code)} slots`
  const body = lines.map(({ slot, text, notes }) => {
    return `${String(slot).padStart(5)}: ${text.padEnd(width)}  ${notes.map((note) => `; ${note}`).join('  ')}`.trimEnd()
  })
  return [head, ...body].join('\n')
}

interface InstructionLine {
  readonly slot: number
  readonly text: string
  /** The map that the loader fills in or the function that is meant, and the source line where it begins. */
  readonly notes: readonly string[]
}

function instructionLines(program: ProgramSpec | FunctionSpec): InstructionLine[] {
  const maps = new Map(program.relocations.map((relocation) => [relocation.slot, relocation.map]))
  const functions = new Map((program.references ?? []).map((reference) => [reference.slot, reference]))
  const sources = new Map(program.lines.map((info) => [info.slot, info]))
  let slot = 0
  return program.insns.map((insn) => {
    const map = maps.get(slot)
    const callee = functions.get(slot)
    const source = sources.get(slot)
    const notes = [
      ...(map ? [`map ${map}`] : []),
      ...(callee ? [`${callee.kind === 'kfunc' ? 'kernel function' : 'function'} ${callee.function}`] : []),
      ...(source ? [`${source.file}:${source.line}: ${source.text.trim()}`] : []),
    ]
    const line = { slot, text: disasmInsn(insn), notes }
    slot += slotsOf(insn)
    return line
  })
}
