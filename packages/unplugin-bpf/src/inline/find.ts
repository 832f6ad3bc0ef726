/** Finds the programs inside an ordinary module: `object({ .. })` calls and lisp`..` templates of the authoring API. */
import type { SourceFile } from '@unplugin-bpf/core'
import { type AnyNode, childrenOf } from '../evaluate/nodes.ts'
import type { ParsedSource } from '../evaluate/parse.ts'
import { isApi } from '../evaluate/resolve.ts'
import { analyseScopes, type ScopeAnalysis } from '../evaluate/scopes.ts'

export interface InlineModule {
  /** Absolute. */
  readonly path: string
  readonly file: SourceFile
  readonly source: ParsedSource
  readonly analysis: ScopeAnalysis
}

export type InlineProgram =
  /** The call. */
  | { readonly kind: 'object'; readonly node: AnyNode }
  /** The tagged template, its literal parts, and the expressions between them. */
  | {
      readonly kind: 'lisp'
      readonly node: AnyNode
      readonly texts: readonly AnyNode[]
      readonly holes: readonly AnyNode[]
    }

export function inlineModule(path: string, file: SourceFile, source: ParsedSource): InlineModule {
  return { path, file, source, analysis: analyseScopes(source.program, isApi) }
}

/** In the order of the text. */
export function findInline({ source, analysis }: InlineModule): InlineProgram[] {
  const { program } = source
  const uses = new Map<number, string>()
  for (const { name, start, boundIn } of analysis.references) {
    const imported = boundIn === program ? analysis.imported(name) : undefined
    if (imported && isApi(imported.from)) uses.set(start, imported.name)
  }
  const found: InlineProgram[] = []
  const walk = (node: AnyNode): void => {
    const here = programAt(node, uses)
    if (here) found.push(here)
    else for (const [child] of childrenOf(node)) walk(child)
  }
  if (uses.size > 0) walk(program)
  return found
}

function programAt(node: AnyNode, uses: ReadonlyMap<number, string>): InlineProgram | undefined {
  const { callee, tag, quasi } = node as AnyNode & { callee?: AnyNode; tag?: AnyNode; quasi?: TemplateNode }
  if (node.type === 'CallExpression' && callee?.type === 'Identifier' && uses.get(callee.start) === 'object') {
    return { kind: 'object', node }
  }
  if (node.type === 'TaggedTemplateExpression' && tag?.type === 'Identifier' && uses.get(tag.start) === 'lisp') {
    return { kind: 'lisp', node, texts: quasi ? textsOf(quasi) : [], holes: quasi?.expressions ?? [] }
  }
  return undefined
}

/** The parts without their delimiters, which some parsers count in: between backticks, `}` and `${`. */
function textsOf({ quasis, start }: TemplateNode): AnyNode[] {
  if (quasis[0]?.start !== start) return [...quasis]
  return quasis.map((part, i) => ({
    ...part,
    start: part.start + 1,
    end: part.end - (i === quasis.length - 1 ? 1 : 2),
  }))
}

type TemplateNode = AnyNode & { readonly quasis: readonly AnyNode[]; readonly expressions: readonly AnyNode[] }
