/** `unplugin-bpf compile INPUT... [-o OUT] [--gen LANGUAGE...] [--json] [--emit STAGE | --print-after PASS]`. */
import { basename, dirname, join } from 'node:path'
import {
  type CompileOptions,
  emitHeaders,
  HEADER_LANGUAGES,
  type HeaderLanguage,
  PASS_NAMES,
  renderDiagnostic,
  slotCount,
  type TraceEvent,
} from '@unplugin-bpf/core'
import { CommanderError } from 'commander'
import { type CompiledFile, displayName } from '../compile-file.ts'
import { compileSource } from '../compile-source.ts'
import { Refused, refuseOnRejection } from './refused.ts'
import { writeWhole } from './write-whole.ts'

/** Stages that `--emit` prints, in pipeline order. */
export const EMIT_STAGES = ['expand', 'forms', 'ssa', 'asm'] as const

/** What `--print-after` takes: the passes, then the stages of the backend. */
export const PRINT_STAGES = [...PASS_NAMES, 'isel', 'regalloc', 'peephole', 'all']
export const GEN_LANGUAGES = [...HEADER_LANGUAGES, 'all']

export interface CompileFlags {
  readonly gen?: readonly string[]
  readonly printAfter?: string
  readonly output?: string
  readonly json?: true
  readonly cpu: CompileOptions['cpu']
  readonly emit?: (typeof EMIT_STAGES)[number]
  readonly skip?: string
  readonly directElements?: true
  readonly btf?: string
}

export async function compileCommand(inputs: readonly string[], flags: CompileFlags): Promise<void> {
  if (flags.output && inputs.length > 1) {
    console.error('error: -o names one object, but there are several inputs')
    throw new CommanderError(2, 'usage', 'several inputs with -o')
  }
  const failures: string[] = []
  const reports: object[] = []
  for (const input of inputs) {
    try {
      const report = await compileOne(input, flags)
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

async function compileOne(input: string, flags: CompileFlags): Promise<object | undefined> {
  const printed: string[] = []
  const trace = (event: TraceEvent): void => {
    if (event.stage === flags.emit) printed.push(event.print())
    if (event.stage === flags.printAfter || (flags.printAfter === 'all' && PRINT_STAGES.includes(event.stage)))
      printed.push(`; ${event.program} after ${event.stage}\n${event.print()}`)
  }
  const prints = flags.emit !== undefined || flags.printAfter !== undefined
  const options = {
    cpu: flags.cpu,
    skip: passNames(flags.skip),
    directElements: flags.directElements === true,
    btf: flags.btf,
    ...(prints ? { trace } : {}),
  }
  const { compiled } = await refuseOnRejection(compileSource(input, options))
  for (const warning of compiled.warnings) console.error(renderDiagnostic(warning))
  if (prints) {
    console.log(printed.join('\n'))
    return undefined
  }
  const output = flags.output ?? defaultOutput(input)
  const headers = emitHeaders(compiled.module, baseName(output), languagesOf(flags.gen ?? []))
  const files = headers.map(({ name, text }) => ({ path: join(dirname(output), name), content: text }))
  writeWhole([{ path: output, content: compiled.elf }, ...files])
  const written = [output, ...files.map((file) => file.path)].map(displayName)
  if (!flags.json) console.log(`${summary(compiled)} -> ${written.join(', ')}`)
  return report(compiled, written)
}

/** `foo.bpf.o` and `foo.o` -> `foo`. */
function baseName(output: string): string {
  return basename(output).replace(/(\.bpf)?\.o$/, '')
}

function passNames(list: string | undefined): string[] {
  const names = list?.split(',').map((name) => name.trim()) ?? []
  const unknown = names.find((name) => name !== 'all' && !PASS_NAMES.includes(name))
  if (unknown === undefined) return names
  console.error(`error: no pass is named ${unknown}; there are ${PASS_NAMES.join(', ')}`)
  throw new CommanderError(2, 'usage', 'unknown pass')
}

function languagesOf(names: readonly string[]): HeaderLanguage[] {
  return HEADER_LANGUAGES.filter((language) => names.includes(language) || names.includes('all'))
}

/** `dir/x.bpf.lisp` and `dir/x.lisp` -> `dir/x.bpf.o`. */
function defaultOutput(input: string): string {
  return join(dirname(input), `${basename(input).replace(/(\.bpf)?\.[^.]+$/, '')}.bpf.o`)
}

/** `2 programs (41 slots), 3 maps`. */
function summary({ object }: CompiledFile): string {
  const slots = object.programs.reduce((n, program) => n + slotCount(program), 0)
  return `${count(object.programs.length, 'program')} (${count(slots, 'slot')}), ${count(object.maps.length, 'map')}`
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

function report({ object, path }: CompiledFile, [output, ...headers]: readonly string[]): object {
  return {
    input: displayName(path),
    output,
    ...(headers.length > 0 && { headers }),
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
