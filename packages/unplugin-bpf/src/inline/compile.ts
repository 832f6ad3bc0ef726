/** Compiles one program that stands inside a module. */
import {
  Bag,
  CompileError,
  type CompileResult,
  compileLisp,
  type ModuleExports,
  type SourceFile,
  tsModuleExports,
} from '@unplugin-bpf/core'
import { host } from '../compile-file.ts'
import type { SourceOptions } from '../compile-source.ts'
import { compileEntry } from '../compile-ts.ts'
import { evaluateFile } from '../evaluate/evaluate.ts'
import type { AnyNode } from '../evaluate/nodes.ts'
import { kernelData } from '../kernel-data.ts'
import type { InlineModule, InlineProgram } from './find.ts'
import { blank, type Declaration, sliceModule } from './slice.ts'

export interface CompiledInline {
  readonly compiled: CompileResult
  /** Absent: as the language names them. */
  readonly exported: ModuleExports | undefined
  /** Declarations of the module that took part. */
  readonly declarations: ReadonlySet<Declaration>
}

/** @throws CompileError, with spans in the module */
export function compileInline(
  module: InlineModule,
  program: InlineProgram,
  options: SourceOptions,
): Promise<CompiledInline> {
  return program.kind === 'object'
    ? compileObject(module, program.node, options)
    : compileTemplate(module, program, options)
}

async function compileObject(module: InlineModule, node: AnyNode, options: SourceOptions): Promise<CompiledInline> {
  const { entry, declarations } = sliceModule(
    module,
    [node],
    [
      { side: 'before', at: node.start, text: 'export default (' },
      { side: 'after', at: node.end, text: ');' },
    ],
  )
  const compiled = await compileEntry(entry, options)
  return { compiled, exported: tsModuleExports(compiled.module, compiled.evaluated), declarations }
}

type LispTemplate = Extract<InlineProgram, { kind: 'lisp' }>

async function compileTemplate(
  module: InlineModule,
  program: LispTemplate,
  options: SourceOptions,
): Promise<CompiledInline> {
  const { timeLimit, onFile, btf, ...rest } = options
  const { values, declarations } = await holeValues(module, program, { timeLimit, onFile })
  const constants = new Map(values.map((value, i) => [holeName(i), value]))
  const file = templateFile(module.file, program)
  return {
    compiled: compileLisp(file, { ...host, ...kernelData(btf), constants }, rest),
    exported: undefined,
    declarations,
  }
}

const holeName = (i: number): string => `$${i}`

/**
 * The module with everything but the template's text blanked: positions stay those of the module, which messages show. A
 * `${..}` becomes the name of a constant; there is always room for it. A backslash before a backtick, `$` or itself is
 * JavaScript's.
 */
function templateFile(file: SourceFile, { texts, holes }: LispTemplate): SourceFile {
  let text = ''
  for (const [i, part] of texts.entries()) {
    const start = i === 0 ? part.start : text.length
    text += blank(file.text.slice(text.length, start))
    text += file.text.slice(start, part.end).replace(/\\([`$])/g, ' $1')
    const hole = holes[i]
    const next = texts[i + 1]
    if (hole && next) text += holeName(i).padEnd(next.start - part.end)
  }
  return { ...file, text: text + blank(file.text.slice(text.length)), shown: file.text }
}

interface HoleValues {
  readonly values: readonly bigint[]
  readonly declarations: ReadonlySet<Declaration>
}

/** What stands between `${` and `}`, at build time. */
async function holeValues(
  module: InlineModule,
  { holes }: LispTemplate,
  options: Pick<SourceOptions, 'timeLimit' | 'onFile'>,
): Promise<HoleValues> {
  if (holes.length === 0) return { values: [], declarations: new Set() }
  const { entry, declarations } = sliceModule(module, holes, [
    ...holes.flatMap(({ start, end }, i) => [
      { side: 'before' as const, at: start, text: `export const hole${i} = (` },
      { side: 'after' as const, at: end, text: ');' },
    ]),
    // Evaluation wants an object; this one has nothing.
    { side: 'after', at: module.file.text.length, text: ';export default __dsl.object({ programs: {} });' },
  ])
  const { module: evaluated } = await evaluateFile(entry, options)
  const bag = new Bag()
  const values = holes.map((hole, i): bigint => {
    const value = evaluated.exports.get(`hole${i}`)
    if (value?.kind === 'bigint') return value.value
    if (value?.kind === 'boolean') return value.value ? 1n : 0n
    if (value?.kind === 'number' && Number.isInteger(value.value)) return BigInt(value.value)
    const { start, end } = hole
    const is = value === undefined || value.kind === 'opaque' ? 'something else' : `of kind ${value.kind}`
    bag.error('not-compilable', { file: module.file, start, end }, `a whole number was expected, this is ${is}`, {
      hint: 'lisp`..` takes numbers; names and texts are written in the template itself',
    })
    return 0n
  })
  if (bag.hasErrors) throw new CompileError(bag.diagnostics)
  return { values, declarations }
}
