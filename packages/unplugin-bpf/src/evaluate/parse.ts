/** Source text to ESTree, by oxc-parser; syntax errors become diagnostics. The only user of the parser. */
import { Bag, CompileError, type SourceFile, sourceFile } from '@unplugin-bpf/core'
import { parseSync } from 'oxc-parser'
import { type AnyNode, childrenOf } from './nodes.ts'

/** A string literal that names a module. */
export interface SourceImport {
  readonly specifier: string
  /** Of the literal, quotes included. */
  readonly start: number
  readonly end: number
  /** End of `with { type: 'json' }`, which goes with the literal: JSON becomes a module here. */
  readonly attributesEnd?: number | undefined
}

/** Text before or after the node that begins or ends at an offset. */
export interface Insertion {
  readonly side: 'before' | 'after'
  readonly at: number
  readonly text: string
}

export interface ParsedSource {
  readonly text: string
  readonly program: AnyNode
  readonly imports: readonly SourceImport[]
  /** Parts of a module that are run in its place (`inline/slice`): what makes a module of them. */
  readonly insertions?: readonly Insertion[]
  /** Names of module level that the rest of the module assigns. */
  readonly mutated?: ReadonlySet<string>
}

/** @throws CompileError */
export function parseSource(file: SourceFile): ParsedSource {
  const lang = languageOf(file.name)
  const result = parseSync(`source.${lang}`, file.text, { lang, sourceType: 'module' })
  const errors = result.errors.filter((error) => error.severity === 'Error')
  if (errors.length > 0) throw syntaxErrors(file, errors)
  const program = result.program as unknown as AnyNode // ESTree
  return { text: file.text, program, imports: [...importsOf(program)] }
}

function languageOf(name: string): 'js' | 'jsx' | 'ts' | 'tsx' {
  if (/\.[cm]?js$/.test(name)) return 'js'
  return /\.jsx$/.test(name) ? 'jsx' : /\.tsx$/.test(name) ? 'tsx' : 'ts'
}

interface ParserError {
  readonly message: string
  readonly labels: readonly { readonly start: number; readonly end: number }[]
  readonly helpMessage: string | null
}

function syntaxErrors(file: SourceFile, errors: readonly ParserError[]): CompileError {
  const bag = new Bag()
  for (const { message, labels, helpMessage } of errors) {
    const { start, end } = labels[0] ?? { start: 0, end: 0 }
    const extras = helpMessage ? { hint: helpMessage } : {}
    bag.error('bad-syntax', { file, start, end: Math.max(end, start) }, message, extras)
  }
  return new CompileError(bag.diagnostics)
}

/** Imports that exist at run time: those of types only are left out. */
export function* importsOf(node: AnyNode): Generator<SourceImport> {
  const isType = node.importKind === 'type' || node.exportKind === 'type'
  if (MODULE_NODES.has(node.type) && node.source && !isType && typeof node.source.value === 'string') {
    const { attributes = [] } = node as { attributes?: readonly unknown[] }
    const attributesEnd = attributes.length > 0 ? node.end : undefined
    yield { specifier: node.source.value, start: node.source.start, end: node.source.end, attributesEnd }
  }
  for (const [child] of childrenOf(node)) yield* importsOf(child)
}

const MODULE_NODES = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
])

/** For lowering: the tree of a file that evaluation has seen. */
export function parseProgram(text: string, name: string): AnyNode {
  return parseSource(sourceFile(name, text)).program
}
