/**
 * Finds the tree of a captured function. The parser is the caller's: anything that turns TypeScript into ESTree with
 * `start` and `end` in UTF-16 units (oxc-parser in Node, its wasm build in a browser).
 */
import type { SourceFile } from '../diag/source.ts'
import type { FunctionNode, Program } from './ast.ts'

export type ParseSource = (file: SourceFile) => Program

const FUNCTIONS: ReadonlySet<string> = new Set(['ArrowFunctionExpression', 'FunctionExpression', 'FunctionDeclaration'])

/** All functions of a program by place, outermost first. */
export function functionsOf(program: Program): ReadonlyMap<string, FunctionNode> {
  const found = new Map<string, FunctionNode>()
  walk(program, (node) => {
    if (FUNCTIONS.has(node.type)) found.set(`${node.start}-${node.end}`, node as unknown as FunctionNode)
  })
  return found
}

export interface AnyNode {
  readonly type: string
  readonly start: number
  readonly end: number
}

/** Calls `see` for every node below (and with) `root`. */
export function walk(root: unknown, see: (node: AnyNode) => void): void {
  if (Array.isArray(root)) {
    for (const item of root) walk(item, see)
    return
  }
  if (!isNode(root)) return
  see(root)
  for (const [key, child] of Object.entries(root)) {
    if (key !== 'parent' && typeof child === 'object' && child !== null) walk(child, see)
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

/** Names that some assignment, `++` or `--` inside the node changes; shadowing is not looked at. */
export function assignedNames(root: unknown): ReadonlySet<string> {
  const names = new Set<string>()
  const note = (target: { type: string; name?: string; expression?: unknown }): void => {
    if (target.type === 'Identifier') names.add(target.name!)
    else if (target.expression) note(target.expression as typeof target)
  }
  walk(root, (node) => {
    const { left, argument } = node as { left?: AnyNode; argument?: AnyNode }
    if (node.type === 'AssignmentExpression') note(left!)
    if (node.type === 'UpdateExpression') note(argument!)
  })
  return names
}
