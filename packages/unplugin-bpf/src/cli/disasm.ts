/** `unplugin-bpf disasm INPUT|OBJECT`: every program, the source line beside the first instruction it became. */
import { readFileSync } from 'node:fs'
import { type BpfObject, disassembleProgram, fromElf, type ProgramSpec, slotCount } from '@unplugin-bpf/core/object'
import { compileFile, displayName } from '../compile-file.ts'
import { Refused, refuseOnError } from './refused.ts'

export function disasmCommand(input: string): void {
  console.log(printObject(refuseOnError(() => readObject(input))))
}

function readObject(input: string): BpfObject {
  if (input.endsWith('.lisp')) return compileFile(input).object
  try {
    return fromElf(readFileSync(input), displayName(input))
  } catch (error) {
    throw new Refused(`error: ${(error as Error).message}`)
  }
}

function printObject(object: BpfObject): string {
  return object.programs.map(printProgram).join('\n\n')
}

function printProgram(program: ProgramSpec): string {
  const lines = disassembleProgram(program)
  const width = Math.min(52, Math.max(...lines.map((line) => line.text.length)))
  const sources = new Map(program.lines.map((info) => [info.slot, info]))
  const head = `${program.name}: section ${program.section}, ${slotCount(program)} slots`
  const body = lines.map(({ slot, text }) => {
    const source = sources.get(slot)
    const beside = source ? `; ${source.file}:${source.line}: ${source.text.trim()}` : ''
    return `${String(slot).padStart(5)}: ${text.padEnd(beside ? width : 0)}  ${beside}`.trimEnd()
  })
  return [head, ...body].join('\n')
}
