/**
 * The part of ESTree (with TypeScript's additions) that kernel functions may use: the list of supported syntax. The tree
 * comes from outside (any parser that gives ESTree with `start` and `end`), so that this package needs no parser.
 *
 * Whatever is not in `Node` is refused by name; `REFUSED` has the names and hints.
 */
interface At {
  readonly start: number
  readonly end: number
}

export interface Identifier extends At {
  readonly type: 'Identifier'
  readonly name: string
  readonly typeAnnotation?: TypeAnnotation | null
}
export interface Literal extends At {
  readonly type: 'Literal'
  readonly value: unknown
  readonly raw: string | null
  readonly bigint?: string
  readonly regex?: unknown
}
export interface TemplateLiteral extends At {
  readonly type: 'TemplateLiteral'
  readonly quasis: readonly { readonly value: { readonly cooked: string | null; readonly raw: string } }[]
  readonly expressions: readonly Expr[]
}
export interface Unary extends At {
  readonly type: 'UnaryExpression'
  readonly operator: string
  readonly argument: Expr
}
export interface Update extends At {
  readonly type: 'UpdateExpression'
  readonly operator: '++' | '--'
  readonly prefix: boolean
  readonly argument: Expr
}
export interface Binary extends At {
  readonly type: 'BinaryExpression'
  readonly operator: string
  readonly left: Expr
  readonly right: Expr
}
export interface Logical extends At {
  readonly type: 'LogicalExpression'
  readonly operator: '&&' | '||' | '??'
  readonly left: Expr
  readonly right: Expr
}
export interface Conditional extends At {
  readonly type: 'ConditionalExpression'
  readonly test: Expr
  readonly consequent: Expr
  readonly alternate: Expr
}
export interface Assignment extends At {
  readonly type: 'AssignmentExpression'
  readonly operator: string
  readonly left: Pattern
  readonly right: Expr
}
export interface Member extends At {
  readonly type: 'MemberExpression'
  readonly object: Expr
  readonly property: Expr
  readonly computed: boolean
  readonly optional: boolean
}
export interface Call extends At {
  readonly type: 'CallExpression'
  readonly callee: Expr
  readonly arguments: readonly (Expr | Spread)[]
  readonly optional: boolean
}
export interface Spread extends At {
  readonly type: 'SpreadElement'
  readonly argument: Expr
}
export interface Sequence extends At {
  readonly type: 'SequenceExpression'
  readonly expressions: readonly Expr[]
}
export interface Property extends At {
  readonly type: 'Property'
  readonly key: Expr
  readonly value: Expr | Pattern
  readonly computed: boolean
  readonly method: boolean
  readonly kind: string
}
export interface ObjectLiteral extends At {
  readonly type: 'ObjectExpression'
  readonly properties: readonly (Property | Spread)[]
}
export interface ArrayLiteral extends At {
  readonly type: 'ArrayExpression'
  readonly elements: readonly (Expr | Spread | null)[]
}
export interface FunctionNode extends At {
  readonly type: 'ArrowFunctionExpression' | 'FunctionExpression' | 'FunctionDeclaration'
  readonly id?: Identifier | null
  readonly params: readonly Pattern[]
  readonly body: Expr | Block
  readonly async: boolean
  readonly generator?: boolean
  readonly returnType?: TypeAnnotation | null
}
/** `(e)`, `e as T`, `e satisfies T`, `e!`, `<T>e`, `f<T>`, `a?.b`: the inner expression is what counts. */
export interface Wrapper extends At {
  readonly type:
    | 'ParenthesizedExpression'
    | 'TSAsExpression'
    | 'TSSatisfiesExpression'
    | 'TSNonNullExpression'
    | 'TSTypeAssertion'
    | 'TSInstantiationExpression'
    | 'ChainExpression'
  readonly expression: Expr
}

export type Expr =
  | Identifier
  | Literal
  | TemplateLiteral
  | Unary
  | Update
  | Binary
  | Logical
  | Conditional
  | Assignment
  | Member
  | Call
  | Sequence
  | ObjectLiteral
  | ArrayLiteral
  | FunctionNode
  | Wrapper

export interface ObjectPattern extends At {
  readonly type: 'ObjectPattern'
  readonly properties: readonly (Property | RestElement)[]
}
export interface RestElement extends At {
  readonly type: 'RestElement'
}
export interface OtherPattern extends At {
  readonly type: 'ArrayPattern' | 'AssignmentPattern'
}
export type Pattern = Identifier | Member | Wrapper | ObjectPattern | RestElement | OtherPattern

export interface TypeAnnotation extends At {
  readonly type: 'TSTypeAnnotation'
  readonly typeAnnotation: TypeNode
}
export interface TypeNode extends At {
  readonly type: string
  readonly typeName?: { readonly type: string; readonly name?: string; readonly right?: { readonly name: string } }
}

export interface Declarator extends At {
  readonly id: Pattern
  readonly init: Expr | null
}
export interface VariableDeclaration extends At {
  readonly type: 'VariableDeclaration'
  readonly kind: string
  readonly declarations: readonly Declarator[]
}
export interface Block extends At {
  readonly type: 'BlockStatement'
  readonly body: readonly Stmt[]
}
export interface ExpressionStatement extends At {
  readonly type: 'ExpressionStatement'
  readonly expression: Expr
  readonly directive?: string | null
}
export interface If extends At {
  readonly type: 'IfStatement'
  readonly test: Expr
  readonly consequent: Stmt
  readonly alternate: Stmt | null
}
export interface Return extends At {
  readonly type: 'ReturnStatement'
  readonly argument: Expr | null
}
export interface For extends At {
  readonly type: 'ForStatement'
  readonly init: VariableDeclaration | Expr | null
  readonly test: Expr | null
  readonly update: Expr | null
  readonly body: Stmt
}
export interface ForOf extends At {
  readonly type: 'ForOfStatement'
  readonly left: VariableDeclaration | Pattern
  readonly right: Expr
  readonly body: Stmt
  readonly await: boolean
}
export interface While extends At {
  readonly type: 'WhileStatement' | 'DoWhileStatement'
  readonly test: Expr
  readonly body: Stmt
}
export interface Jump extends At {
  readonly type: 'BreakStatement' | 'ContinueStatement'
  readonly label: Identifier | null
}
export interface Labeled extends At {
  readonly type: 'LabeledStatement'
  readonly label: Identifier
  readonly body: Stmt
}
export interface Case extends At {
  readonly test: Expr | null
  readonly consequent: readonly Stmt[]
}
export interface Switch extends At {
  readonly type: 'SwitchStatement'
  readonly discriminant: Expr
  readonly cases: readonly Case[]
}
export interface Empty extends At {
  readonly type: 'EmptyStatement' | 'TSTypeAliasDeclaration' | 'TSInterfaceDeclaration'
}

export type Stmt =
  | VariableDeclaration
  | FunctionNode
  | Block
  | ExpressionStatement
  | If
  | Return
  | For
  | ForOf
  | While
  | Jump
  | Labeled
  | Switch
  | Empty

export interface Program extends At {
  readonly type: 'Program'
  readonly body: readonly unknown[]
}

export type Node = Expr | Stmt | Pattern | Spread

/** The expression inside parentheses, casts of TypeScript and the like. */
export function unwrapped(expr: Expr): Exclude<Expr, Wrapper> {
  switch (expr.type) {
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSTypeAssertion':
    case 'TSInstantiationExpression':
    case 'ChainExpression':
      return unwrapped(expr.expression)
    default:
      return expr
  }
}

export function isFunction(node: { readonly type: string }): node is FunctionNode {
  return (
    node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration'
  )
}

/** What a person calls the construct, and what to do instead. */
export const REFUSED: Readonly<Record<string, readonly [name: string, hint: string]>> = {
  AwaitExpression: ['`await`', 'a BPF program runs to its end without waiting; do this in user space'],
  YieldExpression: ['`yield`', 'generators do not exist in the kernel; use a loop'],
  NewExpression: ['`new`', 'make a struct by calling its schema: `Event({ ... })`'],
  ThisExpression: ['`this`', 'use the parameter of the function'],
  Super: ['`super`', 'classes do not exist in the kernel'],
  ClassDeclaration: ['a class', 'use structs and functions'],
  ClassExpression: ['a class', 'use structs and functions'],
  TryStatement: ['`try`', 'nothing throws in the kernel; test the result of the call'],
  ThrowStatement: ['`throw`', 'return a verdict or an error number'],
  ForInStatement: ['`for..in`', 'use `for..of` over an array or `range(n)`'],
  WithStatement: ['`with`', 'name the object'],
  DebuggerStatement: ['`debugger`', 'use `bpf.printk`'],
  TaggedTemplateExpression: ['a tagged template', 'templates are evaluated at module level only'],
  ImportExpression: ['`import()`', 'import at the top of the module'],
  MetaProperty: ['`import.meta`', 'compute the value at module level'],
  ArrayPattern: ['destructuring of an array', 'name the elements: `a[0]`, `a[1]`'],
  AssignmentPattern: ['a default value', 'give the value at every call'],
  RestElement: ['a rest pattern', 'name the fields or parameters'],
  SpreadElement: ['spread', 'write the elements out'],
  PrivateInExpression: ['`#x in`', 'classes do not exist in the kernel'],
  JSXElement: ['JSX', 'there is nothing to render in the kernel'],
  TSEnumDeclaration: ['an enum', 'declare it at module level, as a constant object'],
}
