/** ESTree nodes as this folder looks at them: any node may have any of these members. */
export interface AnyNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly name?: string
  readonly kind?: string
  readonly computed?: boolean
  readonly value?: unknown
  readonly importKind?: string
  readonly exportKind?: string
  readonly id?: AnyNode | null
  readonly key?: AnyNode
  readonly left?: AnyNode
  readonly argument?: AnyNode
  readonly param?: AnyNode | null
  readonly source?: AnyNode | null
  readonly imported?: AnyNode
  readonly local?: AnyNode
  readonly typeName?: AnyNode
  readonly object?: AnyNode
  readonly property?: AnyNode
  readonly init?: AnyNode | null
  readonly expression?: AnyNode
  readonly params?: readonly AnyNode[]
  readonly body?: AnyNode | readonly AnyNode[] | null
  readonly declarations?: readonly { readonly id: AnyNode; readonly init?: AnyNode | null }[]
  readonly specifiers?: readonly AnyNode[]
}

export function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

/** Child nodes with the member they are in. */
export function* childrenOf(node: AnyNode): Generator<[AnyNode, string]> {
  for (const [key, value] of Object.entries(node)) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) yield [item, key]
    } else if (isNode(value)) yield [value, key]
  }
}

export function isFunction(node: AnyNode): boolean {
  return (
    node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration'
  )
}

/** Names that a pattern binds or assigns. */
export function* patternNames(pattern: AnyNode): Generator<string> {
  switch (pattern.type) {
    case 'Identifier':
      yield pattern.name!
      break
    case 'Property':
      if (isNode(pattern.value)) yield* patternNames(pattern.value)
      break
    case 'AssignmentPattern':
      if (pattern.left) yield* patternNames(pattern.left)
      break
    case 'RestElement':
      if (pattern.argument) yield* patternNames(pattern.argument)
      break
    case 'ObjectPattern':
    case 'ArrayPattern':
      for (const [child, key] of childrenOf(pattern)) if (key !== 'typeAnnotation') yield* patternNames(child)
      break
    case 'TSAsExpression':
    case 'TSNonNullExpression':
    case 'ParenthesizedExpression':
      if (pattern.expression) yield* patternNames(pattern.expression)
      break
    default:
      // A member expression assigns no name.
      break
  }
}
