/**
 * `unplugin-bpf check [paths...]`: every diagnostic of every source, and no output files. `--pretty=false` prints
 * `file(line,col): error code: text`, which editors and CI know from TypeScript; `--watch` repeats on changes.
 */
import { statSync, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CompileError, type Diagnostic, lineColumn, renderDiagnostic } from '@unplugin-bpf/core'
import { displayName } from '../compile-file.ts'
import { compileSource } from '../compile-source.ts'
import { Refused } from './refused.ts'
import { sourcesUnder } from './sources.ts'

export interface CheckFlags {
  readonly pretty: 'true' | 'false'
  readonly watch?: true
  readonly btf?: string
}

export async function checkCommand(paths: readonly string[], flags: CheckFlags): Promise<void> {
  const pretty = flags.pretty === 'true'
  const started = Date.now()
  const result = await checkAll(paths, { pretty, btf: flags.btf })
  if (flags.watch) {
    return watchSources(result.watched, started, () => checkAll(paths, { pretty, btf: flags.btf }))
  }
  if (result.errors > 0) throw new Refused(result.summary)
}

interface CheckOptions {
  readonly pretty: boolean
  readonly btf: string | undefined
}

interface CheckOutcome {
  readonly errors: number
  readonly summary: string
  /** Absolute paths: the sources, and what they include. */
  readonly watched: ReadonlySet<string>
}

/** Diagnostics go to stdout, since they are the result here. */
async function checkAll(paths: readonly string[], { pretty, btf }: CheckOptions): Promise<CheckOutcome> {
  const sources = paths.flatMap(sourcesUnder)
  if (sources.length === 0) throw new Refused(`error: no .bpf.lisp or .bpf.ts file under ${paths.join(', ')}`)
  const watched = new Set(sources.map((source) => resolve(source)))
  const found: Diagnostic[] = []
  for (const source of sources) found.push(...(await diagnosticsOf(source, btf, watched)))
  for (const diagnostic of found) console.log(pretty ? `${renderDiagnostic(diagnostic)}\n` : oneLine(diagnostic))
  const errors = found.filter((diagnostic) => diagnostic.severity === 'error').length
  const warnings = found.length - errors
  const summary = `${counted(errors, 'error')}, ${counted(warnings, 'warning')} in ${counted(sources.length, 'file')}`
  if (errors === 0) console.error(summary)
  return { errors, summary, watched }
}

async function diagnosticsOf(
  source: string,
  btf: string | undefined,
  watched: Set<string>,
): Promise<readonly Diagnostic[]> {
  try {
    const { compiled } = await compileSource(source, { btf, onFile: (file) => watched.add(resolve(file)) })
    for (const file of compiled.module.files) watched.add(resolve(file.name))
    return compiled.warnings
  } catch (error) {
    if (!(error instanceof CompileError)) throw error
    // A message without a place is about the file as a whole and may not name it.
    return error.diagnostics
  }
}

/** `src/x.bpf.lisp(4,17): error unknown-map: no map is named ...`, in one line whatever the message has. */
function oneLine(diagnostic: Diagnostic): string {
  const { span, severity, code, message, hint } = diagnostic
  const place = span ? lineColumn(span.file, span.start) : undefined
  const head = span && place ? `${displayName(resolve(span.file.name))}(${place.line},${place.column}): ` : ''
  const text = hint === undefined ? message : `${message} (${hint})`
  return `${head}${severity} ${code}: ${text.replace(/\s*\n\s*/g, ' ')}`
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** Editors write a file in several steps: changes within this time are one. */
const SETTLE_MS = 100

/** Runs until the process is interrupted. `started`: when the check of `first` began, in milliseconds. */
async function watchSources(
  first: ReadonlySet<string>,
  started: number,
  check: () => Promise<CheckOutcome>,
): Promise<void> {
  let watched = first
  const watchers = new Map<string, ReturnType<typeof watch>>()
  let timer: NodeJS.Timeout | undefined
  const again = async (): Promise<void> => {
    watched = (await check()).watched
    follow()
  }
  const follow = (): void => {
    for (const folder of new Set([...watched].map((path) => dirname(path)))) {
      if (watchers.has(folder)) continue
      // Folders, because an editor that replaces a file ends the watching of the file itself.
      const watcher = watch(folder, (_, name) => {
        if (name !== null && !watched.has(resolve(folder, name)) && !/\.bpf\.(lisp|ts)$/.test(name)) return
        clearTimeout(timer)
        timer = setTimeout(() => void again(), SETTLE_MS)
      })
      watchers.set(folder, watcher)
    }
  }
  follow()
  // What was saved while the first check ran came before the watchers.
  if ([...first].some((path) => (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= started)) await again()
  await new Promise<void>((done) => process.once('SIGINT', done))
  for (const watcher of watchers.values()) watcher.close()
  clearTimeout(timer)
}
