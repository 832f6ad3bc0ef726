/**
 * Which names each function of a module takes from outside. ESTree in, one record per function out. Bindings are found in
 * a first walk, since functions and `var` are visible before their declaration; references in a second one.
 */
import { type AnyNode, childrenOf, isFunction, patternNames } from './nodes.ts'

export interface FunctionRecord {
  readonly node: AnyNode
  /** Variable, property or declaration that it is given to; `''` when none. */
  readonly name: string
  /** Names that are bound outside the function in this module. */
  readonly captures: Set<string>
  /** Captures that are assigned after their declaration. */
  readonly mutated: Set<string>
  /** Imports of the authoring API that the function mentions only as types. */
  readonly types: Map<string, string>
  /** Where a declared function is noted: the block, function body or program that it belongs to. */
  readonly block: AnyNode | undefined
}

interface Binding {
  readonly scope: Scope
  mutated: boolean
  /** Import of types only: nothing is there at run time. */
  readonly typeOnly: boolean
  /** Name in the module that it is imported from, and that module. */
  readonly imported?: { readonly name: string; readonly from: string } | undefined
}

interface Scope {
  readonly parent: Scope | undefined
  readonly fn: AnyNode | undefined
  readonly block: AnyNode
  readonly names: Map<string, Binding>
}

/** A name that is used as a value, and the node whose scope binds it: the program for names of module level. */
export interface Reference {
  readonly name: string
  readonly start: number
  readonly end: number
  readonly boundIn: AnyNode
}

export interface ScopeAnalysis {
  readonly functions: readonly FunctionRecord[]
  readonly references: readonly Reference[]
  /** Names of module level that are assigned after their declaration. */
  readonly mutated: ReadonlySet<string>
  /** What a name of module level is imported as, and from where. */
  readonly imported: (name: string) => { readonly name: string; readonly from: string } | undefined
}

/** `isApi` tells which modules are the authoring API. */
export function analyseScopes(program: AnyNode, isApi: (specifier: string) => boolean): ScopeAnalysis {
  const analysis = new Analysis(isApi)
  const root = analysis.root(program)
  analysis.declare(program, root)
  analysis.resolve(program, root, 'value')
  const { records, references } = analysis
  return {
    functions: [...records.values()],
    references,
    mutated: new Set([...root.names].flatMap(([name, binding]) => (binding.mutated ? [name] : []))),
    imported: (name) => root.names.get(name)?.imported,
  }
}

class Analysis {
  readonly records = new Map<AnyNode, FunctionRecord>()
  readonly references: Reference[] = []
  readonly #scopes = new Map<AnyNode, Scope>()
  readonly #isApi: (specifier: string) => boolean

  constructor(isApi: (specifier: string) => boolean) {
    this.#isApi = isApi
  }

  root(program: AnyNode): Scope {
    return this.#scopeOf(program, undefined, undefined)
  }

  #scopeOf(node: AnyNode, parent: Scope | undefined, fn: AnyNode | undefined): Scope {
    const known = this.#scopes.get(node)
    if (known) return known
    const scope: Scope = { parent, fn, block: node, names: new Map() }
    this.#scopes.set(node, scope)
    return scope
  }

  /** The scope that a node opens, or the one around it. */
  #enter(node: AnyNode, scope: Scope): Scope {
    if (isFunction(node)) return this.#scopeOf(node, scope, node)
    return SCOPES.has(node.type) ? this.#scopeOf(node, scope, scope.fn) : scope
  }

  declare(node: AnyNode, outer: Scope, name = ''): void {
    const scope = this.#enter(node, outer)
    if (isFunction(node)) this.#declareFunction(node, outer, scope, name)
    else this.#declareNames(node, scope)
    for (const [child, key] of childrenOf(node)) this.declare(child, scope, nameFor(node, key))
  }

  #declareFunction(node: AnyNode, outer: Scope, scope: Scope, given: string): void {
    const own = node.id?.name
    const declared = node.type === 'FunctionDeclaration'
    if (own !== undefined) this.#bind(declared ? outer : scope, own)
    for (const parameter of node.params ?? []) for (const name of patternNames(parameter)) this.#bind(scope, name)
    this.records.set(node, {
      node,
      name: own ?? given,
      captures: new Set(),
      mutated: new Set(),
      types: new Map(),
      block: declared ? outer.block : undefined,
    })
  }

  #declareNames(node: AnyNode, scope: Scope): void {
    if (node.type === 'VariableDeclaration') {
      const target = node.kind === 'var' ? functionScope(scope) : scope
      for (const { id } of node.declarations ?? []) for (const name of patternNames(id)) this.#bind(target, name)
    } else if (node.type === 'ClassDeclaration' || node.type === 'TSEnumDeclaration') {
      if (node.id?.name) this.#bind(scope, node.id.name)
    } else if (node.type === 'CatchClause' && node.param) {
      for (const name of patternNames(node.param)) this.#bind(scope, name)
    } else if (node.type === 'ImportDeclaration') this.#declareImports(node, scope)
  }

  #declareImports(node: AnyNode, scope: Scope): void {
    for (const specifier of node.specifiers ?? []) {
      const typeOnly = node.importKind === 'type' || specifier.importKind === 'type'
      const name = specifier.imported?.name ?? specifier.imported?.value
      const imported = typeof name === 'string' ? { name, from: String(node.source?.value) } : undefined
      const local = specifier.local?.name
      if (local) scope.names.set(local, { scope, mutated: false, typeOnly, imported })
    }
  }

  #bind(scope: Scope, name: string): void {
    if (!scope.names.has(name)) scope.names.set(name, { scope, mutated: false, typeOnly: false })
  }

  /** `mode`: whether the node is part of a type annotation. */
  resolve(node: AnyNode, outer: Scope, mode: 'value' | 'type'): void {
    const scope = this.#enter(node, outer)
    if (node.type === 'Identifier' || node.type === 'JSXIdentifier') this.#reference(node, scope, mode)
    this.#noteAssignment(node, scope)
    if (mode === 'type' && node.type === 'TSTypeReference' && node.typeName?.type !== 'Identifier') return
    for (const [child, key] of childrenOf(node)) {
      if (isPlainName(node, key)) continue
      this.resolve(child, scope, TYPE_NODES.test(child.type) ? 'type' : mode)
    }
  }

  #noteAssignment(node: AnyNode, scope: Scope): void {
    const target =
      node.type === 'AssignmentExpression'
        ? node.left
        : node.type === 'UpdateExpression'
          ? node.argument
          : loopTarget(node)
    if (!target) return
    for (const name of patternNames(target)) {
      const binding = lookup(scope, name)
      if (binding) binding.mutated = true
      for (const record of this.records.values()) if (record.captures.has(name)) this.#remember(record, name, scope)
    }
  }

  /** A name that was captured before it turned out to be assigned. */
  #remember(record: FunctionRecord, name: string, scope: Scope): void {
    const outside = this.#scopes.get(record.node)?.parent
    if (outside && lookup(outside, name) === lookup(scope, name)) record.mutated.add(name)
  }

  #reference(node: AnyNode, scope: Scope, mode: 'value' | 'type'): void {
    const name = node.name!
    const binding = lookup(scope, name)
    if (!binding) return
    if (mode === 'value' && !binding.typeOnly) {
      this.references.push({ name, start: node.start, end: node.end, boundIn: binding.scope.block })
    }
    const fromApi = binding.imported && this.#isApi(binding.imported.from) ? binding.imported.name : undefined
    // Outwards over the functions between the reference and the binding: each of them captures the name.
    for (let at: Scope | undefined = scope; at && at !== binding.scope; at = at.parent) {
      if (!at.fn || at.block !== at.fn) continue
      const record = this.records.get(at.fn)!
      if (mode === 'type' || binding.typeOnly) {
        if (fromApi !== undefined) record.types.set(name, fromApi)
        continue
      }
      record.captures.add(name)
      if (binding.mutated) record.mutated.add(name)
    }
  }
}

const SCOPES = new Set([
  'Program',
  'BlockStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'SwitchStatement',
  'CatchClause',
  'ClassDeclaration',
  'ClassExpression',
  'StaticBlock',
])
const TYPE_NODES =
  /^TS(?:.*Type|TypeAnnotation|TypeReference|TypeParameter\w*|InterfaceDeclaration|TypeAliasDeclaration|.*Keyword)$/

function lookup(scope: Scope | undefined, name: string): Binding | undefined {
  for (let at = scope; at; at = at.parent) {
    const binding = at.names.get(name)
    if (binding) return binding
  }
  return undefined
}

function functionScope(scope: Scope): Scope {
  let at = scope
  while (at.parent && at.block !== at.fn) at = at.parent
  return at
}

/** `for (x of xs)` without a declaration assigns x. */
function loopTarget(node: AnyNode): AnyNode | undefined {
  const loops = node.type === 'ForOfStatement' || node.type === 'ForInStatement'
  return loops && node.left?.type !== 'VariableDeclaration' ? node.left : undefined
}

/** Identifiers that name a property, label or export, not a variable. */
function isPlainName(node: AnyNode, key: string): boolean {
  switch (node.type) {
    case 'MemberExpression':
      return key === 'property' && !node.computed
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return key === 'key' && !node.computed
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return key === 'label'
    case 'TSQualifiedName':
      return key === 'right'
    case 'TSPropertySignature':
    case 'TSMethodSignature':
      return key === 'key'
    case 'ExportSpecifier':
      return key === 'exported'
    case 'ImportDeclaration':
    case 'MetaProperty':
      return true
    default:
      return false
  }
}

/** The name that a child function gets from its place. */
function nameFor(node: AnyNode, key: string): string {
  if (node.type === 'VariableDeclarator' && key === 'init') return node.id?.name ?? ''
  if (node.type === 'Property' && key === 'value' && !node.computed) return node.key?.name ?? ''
  if (node.type === 'AssignmentExpression' && key === 'right') return node.left?.name ?? ''
  return ''
}
