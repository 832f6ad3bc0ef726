/**
 * The part of a module that an inline program needs: the expression itself, and the declarations of module level that it
 * reaches. Only that part runs at build time; the rest is the application. Offsets are those of the whole module, since
 * what is left out is blanked.
 */
import { Bag, CompileError } from '@unplugin-bpf/core'
import { type GraphModule, resolveImports } from '../evaluate/graph.ts'
import { type AnyNode, isNode, patternNames } from '../evaluate/nodes.ts'
import { type Insertion, importsOf, type ParsedSource } from '../evaluate/parse.ts'
import type { InlineModule } from './find.ts'

/** A declaration of module level; one per variable where a statement declares several. */
export interface Declaration {
  readonly names: readonly string[]
  /** As a statement of its own. */
  readonly node: AnyNode
  /** The whole statement, `export` included. */
  readonly statement: AnyNode
  readonly kind: 'import' | 'variable' | 'other'
}

export interface Slice {
  readonly entry: GraphModule
  /** What was taken along. */
  readonly declarations: ReadonlySet<Declaration>
}

type Range = Pick<AnyNode, 'start' | 'end'>

/**
 * `expressions` are kept, and `insertions` make statements of them. @throws CompileError when one of them uses what only
 * exists at run time.
 */
export function sliceModule(
  module: InlineModule,
  expressions: readonly AnyNode[],
  insertions: readonly Insertion[],
): Slice {
  const declarations = reached(module, expressions)
  const kept = [...declarations].sort((a, b) => a.node.start - b.node.start)
  const body = [...kept.map(({ node }) => node), ...expressions].sort((a, b) => a.start - b.start)
  const program: AnyNode = { ...module.source.program, body }
  const source: ParsedSource = {
    text: blankOutside(module.file.text, body),
    program,
    imports: [...importsOf(program)],
    insertions: [...kept.flatMap(asStatement), ...insertions],
    mutated: module.analysis.mutated,
  }
  const { path, file } = module
  const entry = { path, file, source, own: false, imports: resolveImports(path, file, source) }
  return { entry, declarations }
}

/** `x = 1` of `const x = 1, y = 2` needs its keyword again. */
function asStatement({ node, kind }: Declaration): Insertion[] {
  if (kind !== 'variable') return []
  return [
    { side: 'before', at: node.start, text: `${node.kind} ` },
    { side: 'after', at: node.end, text: ';' },
  ]
}

const inside = (inner: Range, outer: Range): boolean => inner.start >= outer.start && inner.end <= outer.end

function reached(module: InlineModule, expressions: readonly AnyNode[]): Set<Declaration> {
  const { program } = module.source
  const byName = new Map(declarationsOf(program).flatMap((d) => d.names.map((name) => [name, d] as const)))
  const found = new Set<Declaration>()
  const bag = new Bag()
  const queue: Range[] = [...expressions]
  for (const range of queue) {
    for (const { name, start, end, boundIn } of module.analysis.references) {
      if (!inside({ start, end }, range)) continue
      const declaration = boundIn === program ? byName.get(name) : undefined
      if (declaration && !found.has(declaration)) {
        found.add(declaration)
        queue.push(declaration.node)
      } else if (boundIn !== program && !inside(boundIn, range)) {
        const span = { file: module.file, start, end }
        bag.error('not-compilable', span, `\`${name}\` exists only while the function around this program runs`, {
          hint:
            'a program inside a module is made at build time, of what the module level declares: move `' +
            `${name}\` there, or set it at run time through a map or a global`,
        })
      }
    }
  }
  if (bag.hasErrors) throw new CompileError(bag.diagnostics)
  return found
}

export function declarationsOf(program: AnyNode): Declaration[] {
  return statementsOf(program).flatMap((statement): Declaration[] => {
    const { declaration } = statement as AnyNode & { declaration?: AnyNode | null }
    const exported = statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
    const node = exported ? declaration : statement
    if (!node) return []
    if (node.type === 'ImportDeclaration') {
      const names = (node.specifiers ?? []).flatMap((specifier) => specifier.local?.name ?? [])
      return [{ names, node, statement, kind: 'import' }]
    }
    if (node.type === 'VariableDeclaration') return variables(node, statement)
    const named = /^(Function|Class|TSEnum)Declaration$/.test(node.type) && node.id?.name
    return named ? [{ names: [named], node, statement, kind: 'other' }] : []
  })
}

function variables(node: AnyNode, statement: AnyNode): Declaration[] {
  return (node.declarations ?? []).map((declarator): Declaration => {
    const { start, end } = declarator as unknown as AnyNode // a node like any other
    const names = [...patternNames(declarator.id)]
    return { names, statement, kind: 'variable', node: { ...node, declarations: [declarator], start, end } }
  })
}

function statementsOf(program: AnyNode): readonly AnyNode[] {
  return Array.isArray(program.body) ? program.body.filter(isNode) : []
}

/** Line breaks stay, so that lines are those of the module. */
function blankOutside(text: string, kept: readonly Range[]): string {
  let out = ''
  let at = 0
  for (const { start, end } of kept) {
    if (start < at) continue
    out += blank(text.slice(at, start)) + text.slice(start, end)
    at = end
  }
  return out + blank(text.slice(at))
}

export const blank = (text: string): string => text.replace(/[^\r\n]/g, ' ')
