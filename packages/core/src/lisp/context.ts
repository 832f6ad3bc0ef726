/**
 * What translation knows: the module so far (maps, structs, forms that they define), the program at hand and the lexical
 * scope. A `Cx` is copied when the scope grows, never changed.
 */
import type { Bag } from '../diag/diagnostic.ts'
import type { SourceFile, Span } from '../diag/source.ts'
import type { ConstantDecl, FunctionDecl, GlobalDecl, KfuncDecl, MapDecl, ProgramDecl } from '../forms/module.ts'
import type { Form, Local } from '../forms/node.ts'
import type { Host } from '../host.ts'
import type { CompileOptions } from '../options.ts'
import type { HelperName } from '../tables/helpers/index.ts'
import type { ProgramTypeName } from '../tables/program-types.ts'
import type { StructType, Type, UnionType } from '../types/types.ts'
import type { Sym } from './datum.ts'
import type { Interp, Macro } from './interp.ts'
import type { Stx } from './syntax.ts'

/** What a name means inside a program. */
export type Meaning =
  | { readonly kind: 'local'; readonly local: Local }
  | { readonly kind: 'symbolMacro'; readonly stx: Stx; readonly scope: Scope | undefined }

export interface Scope {
  readonly parent: Scope | undefined
  readonly name: Sym
  readonly meaning: Meaning
}

export interface MacroScope {
  readonly parent: MacroScope | undefined
  readonly name: Sym
  readonly macro: Macro
}

/** A form that a declaration made: `make-NAME`, `NAME-FIELD`, header accessors. */
export interface GeneratedForm {
  readonly args: string
  readonly doc: string
  /** Place of the declaration. */
  readonly span: Span | undefined
  readonly translate: (cx: Cx, call: Call) => Form
  /** Assignment, when the form is a place; `value` is what to store. */
  readonly assign?: ((cx: Cx, call: Call, value: Form) => Form) | undefined
}

/** A built-in form. */
export interface SpecialForm {
  readonly args: string
  readonly doc: string
  readonly translate: (cx: Cx, call: Call) => Form
}

/** The built-in forms, handed to the translator so that the table can use it in turn. */
export interface FormTable {
  readonly special: ReadonlyMap<string, SpecialForm>
  readonly helper: (cx: Cx, call: Call, helper: HelperName) => Form
}

/** A call that is being translated: the whole form and its operands. */
export interface Call {
  readonly name: string
  readonly stx: Stx
  readonly args: readonly Stx[]
}

/** A function whose body is filled in when it is translated. */
export type OpenFunction = { -readonly [K in keyof FunctionDecl]: FunctionDecl[K] }

export interface PendingFunction {
  readonly decl: OpenFunction
  readonly symbols: readonly Sym[]
  readonly body: readonly Stx[]
  readonly stx: Stx
  state: 'waiting' | 'translated'
}

export interface PendingProgram {
  readonly decl: Omit<ProgramDecl, 'body' | 'license'>
  readonly body: readonly Stx[]
  readonly stx: Stx
}

/** A map whose record type and first entries may still be found out. */
export type OpenMapDecl = MapDecl & {
  recordType?: Type | undefined
  slots?: readonly (string | undefined)[] | undefined
}

export interface ModuleState {
  readonly file: SourceFile
  readonly files: SourceFile[]
  readonly host: Host
  readonly options: CompileOptions
  readonly bag: Bag
  readonly interp: Interp
  readonly forms: FormTable
  readonly structs: Map<string, { readonly type: StructType | UnionType; readonly span: Span }>
  readonly maps: Map<string, OpenMapDecl>
  /** `:values` as written, by ELF name of the map. */
  readonly values: Map<string, readonly Stx[]>
  readonly constants: Map<string, ConstantDecl>
  readonly generated: Map<Sym, GeneratedForm>
  readonly programs: PendingProgram[]
  /** The `:license` of the first program that has one; it is that of the file. */
  license: { readonly text: string; readonly stx: Stx } | undefined
  readonly globals: Map<string, GlobalDecl>
  readonly functions: Map<string, PendingFunction>
  readonly kfuncs: Map<string, KfuncDecl>
  /** Numbers the callbacks that loops make. */
  readonly callbacks: { count: number }
  /** Ring buffer records seen so far, by map name: C names of structs, or `mixed`. */
  readonly records: Map<string, StructType | UnionType | 'mixed'>
}

export interface Cx {
  readonly module: ModuleState
  readonly program: { readonly type: ProgramTypeName; readonly name: string; readonly section: string }
  readonly scope: Scope | undefined
  readonly macros: MacroScope | undefined
  /** Names that the `let` around the current initialiser binds: for the `let*` hint. */
  readonly siblings: readonly Sym[]
  /** Blocks that `return-from` may leave. */
  readonly blocks: readonly { readonly name: Sym; readonly label: { readonly name: string } }[]
  /** What `return` becomes, where it is not the program's or function's own. */
  readonly onReturn?: ((origin: Stx, value: Form) => Form) | undefined
  readonly depth: number
  /** Forms translated so far in this program: macros that double their argument end here. */
  readonly budget: { forms: number }
}

export function lookup(scope: Scope | undefined, name: Sym): Meaning | undefined {
  for (let at = scope; at; at = at.parent) if (at.name === name) return at.meaning
  return undefined
}

export function bindLocal(cx: Cx, name: Sym, local: Local): Cx {
  return { ...cx, scope: { parent: cx.scope, name, meaning: { kind: 'local', local } } }
}

export function specialForm(module: ModuleState, name: Sym): SpecialForm | undefined {
  return name.interned && !name.keyword ? module.forms.special.get(name.name) : undefined
}
