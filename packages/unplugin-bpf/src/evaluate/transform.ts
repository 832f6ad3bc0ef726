/**
 * One module of a `.bpf.ts` graph, made ready to run: functions are noted with their place and captures, variables give
 * their names to maps and structs, imports lead to the transformed modules. All insertions stay on their line, so that a
 * line of the result is a line of the source until the types are taken out.
 */
import MagicString from 'magic-string'
import { type AnyNode, childrenOf } from './nodes.ts'
import type { ParsedSource, SourceImport } from './parse.ts'
import { analyseScopes, type FunctionRecord } from './scopes.ts'

export interface TransformInput {
  readonly source: ParsedSource
  /** As messages show it, and as the key of the text in what evaluation gives back. */
  readonly name: string
  /** `file:` URL of the source, for `import.meta.url`. */
  readonly url: string
  /** Where an import leads; undefined leaves it as it is. */
  readonly target: (specifier: string) => string | undefined
  readonly isApi: (specifier: string) => boolean
  /** URLs of the modules with `noteFunction` and with the authoring API; absent: functions are not noted. */
  readonly runtime?: { readonly evaluate: string; readonly dsl: string } | undefined
}

export function wrapModule(input: TransformInput): MagicString {
  const { source, runtime } = input
  const out = new MagicString(source.text)
  for (const { side, at, text } of source.insertions ?? []) {
    // Around everything else that is inserted there.
    if (side === 'before') out.appendLeft(at, text)
    else out.appendRight(at, text)
  }
  redirectImports(out, source.imports, input.target)
  redirectMeta(out, source.program, input.url)
  if (!runtime) return out
  const notes = new Map<AnyNode, string>()
  for (const record of analyseScopes(source.program, input.isApi).functions) {
    if (skipped(source.program, record)) continue
    for (const name of source.mutated ?? []) if (record.captures.has(name)) record.mutated.add(name)
    const origin = originText(input.name, record)
    if (record.block) notes.set(record.block, `${notes.get(record.block) ?? ''}__note(${record.name}, ${origin});`)
    else out.appendLeft(record.node.start, '__note(').prependRight(record.node.end, `, ${origin})`)
  }
  nameVariables(out, source.program)
  const head =
    `import { noteFunction as __note, noteName as __name } from ${JSON.stringify(runtime.evaluate)};` +
    `import * as __dsl from ${JSON.stringify(runtime.dsl)};`
  for (const [block, text] of notes) if (block.type !== 'Program') out.prependLeft(bodyStart(block), text)
  out.prependLeft(hashbangEnd(source.text), head + (notes.get(source.program) ?? ''))
  return out
}

function redirectImports(out: MagicString, imports: readonly SourceImport[], target: TransformInput['target']): void {
  for (const { specifier, start, end, attributesEnd } of imports) {
    const to = target(specifier)
    if (to === undefined) continue
    out.update(start, end, JSON.stringify(to))
    if (attributesEnd !== undefined && attributesEnd > end) out.update(end, attributesEnd, ';')
  }
}

/** `import.meta.url` is that of the source, not of the cached module. */
function redirectMeta(out: MagicString, node: AnyNode, url: string): void {
  if (node.type === 'MemberExpression' && node.object?.type === 'MetaProperty' && node.property?.name === 'url') {
    out.update(node.start, node.end, JSON.stringify(url))
    return
  }
  for (const [child] of childrenOf(node)) redirectMeta(out, child, url)
}

/** `{ file, start, end, name, captures: { x: () => x }, mutated: [..] }`. */
function originText(file: string, { node, name, captures, types, mutated }: FunctionRecord): string {
  const values = [...captures].map((capture) => `${capture}: () => ${capture}`)
  const schemas = [...types]
    .filter(([local]) => !captures.has(local))
    .map(([local, api]) => `${local}: () => __dsl.${api}`)
  const fields = [
    `file: ${JSON.stringify(file)}`,
    `start: ${node.start}`,
    `end: ${node.end}`,
    `name: ${JSON.stringify(name)}`,
    `captures: { ${[...values, ...schemas].join(', ')} }`,
    ...(mutated.size > 0 ? [`mutated: ${JSON.stringify([...mutated])}`] : []),
  ]
  return `{ ${fields.join(', ')} }`
}

/** Methods, accessors and constructors are no expressions of their own; declarations without a body or name are nothing. */
function skipped(program: AnyNode, { node, name, block }: FunctionRecord): boolean {
  if (!node.body) return true
  if (node.type === 'FunctionDeclaration') return name === '' || !block || !NOTED_BLOCKS.has(block.type)
  return node.type === 'FunctionExpression' && methodsOf(program).has(node)
}

const NOTED_BLOCKS = new Set([
  'Program',
  'BlockStatement',
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
])
const methods = new WeakMap<AnyNode, ReadonlySet<AnyNode>>()

function methodsOf(program: AnyNode): ReadonlySet<AnyNode> {
  const known = methods.get(program)
  if (known) return known
  const found = new Set<AnyNode>()
  const walk = (node: AnyNode): void => {
    const { method, kind, value } = node as AnyNode & { method?: boolean }
    const isMethod = node.type === 'MethodDefinition' || (node.type === 'Property' && (method || kind !== 'init'))
    if (isMethod) found.add(value as AnyNode) // a method's value is its function
    for (const [child] of childrenOf(node)) walk(child)
  }
  walk(program)
  methods.set(program, found)
  return found
}

/** `const flows = map.hash(..)` -> `const flows = __name(map.hash(..), "flows")`. */
function nameVariables(out: MagicString, node: AnyNode): void {
  if (node.type === 'VariableDeclarator' && node.id?.type === 'Identifier' && node.init?.type === 'CallExpression') {
    out.appendLeft(node.init.start, '__name(').prependRight(node.init.end, `, ${JSON.stringify(node.id.name)})`)
  }
  for (const [child] of childrenOf(node)) nameVariables(out, child)
}

/** Behind the brace of a block or of a function's body. */
function bodyStart(block: AnyNode): number {
  const body = block.type === 'BlockStatement' ? block : (block.body as AnyNode) // functions with blocks inside have one
  return body.start + 1
}

function hashbangEnd(text: string): number {
  return text.startsWith('#!') ? text.indexOf('\n') + 1 || text.length : 0
}
