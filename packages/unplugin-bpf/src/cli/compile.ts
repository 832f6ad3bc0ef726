/** `unplugin-bpf compile INPUT... [-o OUT] [--json] [--emit STAGE]`. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type CompileOptions, renderDiagnostic, slotCount, type TraceEvent } from '@unplugin-bpf/core'
import { CommanderError } from 'commander'
import { type CompiledFile, compileFile, displayName } from '../compile-file.ts'
import { Refused, refuseOnError } from './refused.ts'

/** Stages that `--emit` prints, in pipeline order. */
export const EMIT_STAGES = ['expand', 'forms', 'ssa', 'asm'] as const

export interface CompileFlags {
  readonly output?: string
  readonly json?: true
  readonly cpu: CompileOptions['cpu']
  readonly emit?: (typeof EMIT_STAGES)[number]
  readonly skip?: string
  readonly btf?: string
}

export function compileCommand(inputs: readonly string[], flags: CompileFlags): void {
  if (flags.output && inputs.length > 1) {
    console.error('error: -o names one object, but there are several inputs')
    throw new CommanderError(2, 'usage', 'several inputs with -o')
  }
  const failures: string[] = []
  const reports: object[] = []
  for (const input of inputs) {
    try {
      const report = compileOne(input, flags)
      if (report) reports.push(report)
    } catch (error) {
      // The other inputs still compile; all errors are shown at the end.
      if (!(error instanceof Refused)) throw error
      failures.push(error.message)
    }
  }
  if (flags.json) console.log(JSON.stringify(inputs.length === 1 ? (reports[0] ?? null) : reports, null, 2))
  if (failures.length > 0) throw new Refused(failures.join('\n\n'))
}

function compileOne(input: string, flags: CompileFlags): object | undefined {
  const printed: string[] = []
  const trace = (event: TraceEvent): void => {
    if (event.stage === flags.emit) printed.push(event.print())
  }
  const options = {
    cpu: flags.cpu,
    skip: flags.skip?.split(',') ?? [],
    btf: flags.btf,
    ...(flags.emit ? { trace } : {}),
  }
  const compiled = refuseOnError(() => compileFile(input, options))
  for (const warning of compiled.warnings) console.error(renderDiagnostic(warning))
  if (flags.emit) {
    console.log(printed.join('\n'))
    return undefined
  }
  const output = flags.output ?? defaultOutput(input)
  writeWhole(output, compiled.elf)
  if (!flags.json) console.log(`${summary(compiled)} -> ${displayName(output)}`)
  return report(compiled, output)
}

/** `dir/x.bpf.lisp` and `dir/x.lisp` -> `dir/x.bpf.o`. */
function defaultOutput(input: string): string {
  return join(dirname(input), `${basename(input).replace(/(\.bpf)?\.[^.]+$/, '')}.bpf.o`)
}

/** Through a temporary file, so that a full disk or a signal leaves no partial object. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, bytes)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw new Refused(`error: cannot write ${displayName(path)}: ${(error as Error).message}`)
  }
}

/** `2 programs (41 slots), 3 maps`. */
function summary({ object }: CompiledFile): string {
  const slots = object.programs.reduce((n, program) => n + slotCount(program), 0)
  return `${count(object.programs.length, 'program')} (${count(slots, 'slot')}), ${count(object.maps.length, 'map')}`
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

function report({ object, path }: CompiledFile, output: string): object {
  return {
    input: displayName(path),
    output: displayName(output),
    license: object.license,
    programs: object.programs.map((program) => ({
      name: program.name,
      type: program.type,
      section: program.section,
      slots: slotCount(program),
      stackBytes: program.stackSize,
      lines: program.lines.map(({ slot, file, line, column }) => ({ slot, file, line, column })),
    })),
    maps: object.maps.map(({ name, type, keySize, valueSize, maxEntries, flags }) => ({
      name,
      type,
      keySize,
      valueSize,
      maxEntries,
      flags,
    })),
  }
}
