/**
 * State of lowering: the object, the program, the function that is being read, the place where forms go, and what is known
 * on the present path. `Cx` is changed in place; `nested` and `inFrame` change it for the time of a call.
 */

import type { DiagnosticCode } from '../diag/codes.ts'
import type { Bag } from '../diag/diagnostic.ts'
import { Abort } from '../diag/diagnostic.ts'
import type { SourceFile, Span } from '../diag/source.ts'
import type { CapturedFunction, EvaluatedModule } from '../dsl/capture.ts'
import type { GlobalDef, MapDef } from '../dsl/map-def.ts'
import type { ProgramDef, SubprogDef } from '../dsl/program-def.ts'
import type { FunctionDecl, GlobalDecl, MapDecl } from '../forms/module.ts'
import type { Form, Label, Local } from '../forms/node.ts'
import type { Host } from '../host.ts'
import type { IntType } from '../types/types.ts'
import type { Expr, FunctionNode, Stmt } from './ast.ts'
import type { Slot, Value } from './value.ts'

/** What all programs of an object share. */
export interface Unit {
  readonly evaluated: EvaluatedModule
  readonly bag: Bag
  readonly host: Host
  /** Fields of kernel structs (`task_struct.pid`) whose existence the programs ask for. */
  readonly askedFields: Set<string>
  readonly files: ReadonlyMap<string, SourceFile>
  readonly mapOf: (def: MapDef) => MapDecl | undefined
  /** Of the template of a map of maps, which need not be a map of the object itself. */
  readonly innerMapOf: (def: MapDef) => MapDecl
  readonly globalOf: (def: GlobalDef) => GlobalDecl | undefined
  readonly functionOf: (def: SubprogDef) => FunctionDecl | undefined
  readonly functionNode: (fn: CapturedFunction) => FunctionNode | undefined
}

export interface Scope {
  readonly names: Map<string, Slot>
  readonly parent: Scope | undefined
}

/** One `return` of an inlined function: its value is put in when all of them are known. */
export interface ReturnSite {
  readonly value: Value
  readonly span: Span
  readonly leave: { value?: Form | undefined }
  readonly known: Cx['known']
}

/** The function whose text is being lowered. */
export interface Frame {
  readonly file: SourceFile
  readonly name: string
  /** Identity of the text, to notice recursion. */
  readonly node: FunctionNode
  readonly captures: CapturedFunction | undefined
  /** Absent in the handler itself. */
  readonly caller: Frame | undefined
  /** Where `return` goes; absent in the handler: it ends the program. */
  readonly returns: { readonly label: Label; readonly sites: ReturnSite[] } | undefined
  /** Names that are assigned somewhere in the function. */
  readonly assigned: ReadonlySet<string>
}

/** A loop or switch around the present statement. */
export interface Target {
  readonly label: Label
  used: boolean
  /** What is known where a jump to it leaves from, joined over all of them. */
  known: Set<object> | undefined
}
export interface Jumps {
  readonly break: Target
  /** Absent for switch and labelled blocks. */
  readonly continue: Target | undefined
  /** Name that the user gave to the statement. */
  readonly name: string | undefined
}

/** One step of a sequence: a form for its effect, or a local that the rest can see. */
export type Item =
  | { readonly kind: 'form'; readonly form: Form }
  | { readonly kind: 'bind'; readonly local: Local; readonly init: Form | undefined; readonly span: Span }

/** The two entries of the recursion, so that the families of constructs need not import each other. */
export interface Lower {
  value(expr: Expr): Value
  statements(body: readonly Stmt[]): void
}

export interface Cx {
  readonly unit: Unit
  readonly program: ProgramDef
  readonly lower: Lower
  frame: Frame
  scope: Scope
  out: Item[]
  /** References that are known not to be null here; undefined: this point is never reached. */
  known: Set<object> | undefined
  jumps: readonly Jumps[]
  /** The name that the user gave to the loop that comes next. */
  label: string | undefined
  /** The value of the present expression is used: atomic operations then fetch. */
  wanted: boolean
  /** Changes when a helper moves the packet: views made before are not valid any more. */
  packetEpoch: object
}

/** An error in a declaration that was reported already. */
export class Reported extends Error {}

export function spanOf(cx: Cx, node: { readonly start: number; readonly end: number }): Span {
  return { file: cx.frame.file, start: node.start, end: node.end }
}

/** Makes a user error at a node; to be thrown. */
export function failure(
  cx: Cx,
  node: { readonly start: number; readonly end: number },
  code: DiagnosticCode,
  message: string,
  hint?: string,
): Abort {
  return new Abort(code, spanOf(cx, node), message, { hint, notes: callNotes(cx.frame) })
}

/** For functions that were called from a handler: which call it is about. */
function callNotes(frame: Frame): { message: string; span?: Span }[] {
  const notes: { message: string }[] = []
  for (let f: Frame | undefined = frame; f?.caller; f = f.caller) {
    notes.push({ message: `in \`${f.name || 'a function'}\`, called by \`${f.caller.name}\`` })
  }
  return notes
}

// --- scopes

export function childScope(parent: Scope | undefined): Scope {
  return { names: new Map(), parent }
}

export function inScope<T>(cx: Cx, run: () => T, scope: Scope = childScope(cx.scope)): T {
  const outer = cx.scope
  cx.scope = scope
  try {
    return run()
  } finally {
    cx.scope = outer
  }
}

// --- forms

export function emit(cx: Cx, form: Form): void {
  cx.out.push({ kind: 'form', form })
}

export function bind(cx: Cx, span: Span, options: { name: string; init?: Form; type?: IntType }): Local {
  const local: Local = { name: options.name, type: options.type, span }
  cx.out.push({ kind: 'bind', local, init: options.init, span })
  return local
}

export const localForm = (local: Local, span: Span): Form => ({ kind: 'local', local, span })
export const constForm = (value: bigint | number, span: Span, type?: IntType): Form => ({
  kind: 'const',
  value: BigInt.asUintN(64, BigInt(value)),
  ...(type ? { type } : {}),
  span,
})

/** Runs `lower` with an empty sequence and gives what it emitted as one form, with the value that it returns. */
export function nested(cx: Cx, span: Span, lower: () => Form | undefined): Form {
  const outer = cx.out
  cx.out = []
  try {
    const value = lower()
    return foldItems(cx.out, value, span)
  } finally {
    cx.out = outer
  }
}

export function foldItems(items: readonly Item[], value: Form | undefined, span: Span): Form {
  let rest: Form[] = value ? [value] : []
  for (const item of [...items].reverse()) {
    if (item.kind === 'form') rest.unshift(item.form)
    else {
      const binding = item.init ? { local: item.local, init: item.init } : { local: item.local }
      rest = [{ kind: 'let', bindings: [binding], body: sequence(rest, span), span: item.span }]
    }
  }
  return sequence(rest, span)
}

function sequence(forms: readonly Form[], span: Span): Form {
  return forms.length === 1 ? forms[0]! : { kind: 'seq', forms, span }
}

// --- what is known on a path

export function knows(cx: Cx, key: object): boolean {
  return cx.known?.has(key) ?? true
}

/** Runs a branch with more knowledge; gives what is known at its end, and restores the state before. */
export function branch<T>(cx: Cx, learned: readonly object[], run: () => T): { result: T; known: Cx['known'] } {
  const { known: before, packetEpoch: epoch } = cx
  cx.known = before && new Set([...before, ...learned])
  try {
    const result = run()
    // What happens on a path that ends here does not concern the rest.
    if (!cx.known) cx.packetEpoch = epoch
    return { result, known: cx.known }
  } finally {
    cx.known = before
  }
}

export function joinKnown(a: Cx['known'], b: Cx['known']): Cx['known'] {
  if (!a || !b) return a ?? b
  return new Set([...a].filter((key) => b.has(key)))
}
