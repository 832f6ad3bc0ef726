/**
 * State and errors of the compile-time evaluator: global definitions, lexical environments, the step budget. One
 * `Interp` lives for one compilation; nothing survives it.
 */
import type { DiagnosticCode } from '../diag/codes.ts'
import type { Span } from '../diag/source.ts'
import type { Fn, Sym, Value } from './datum.ts'
import { printDatum } from './print.ts'

/** Takes the call form and gives its expansion. */
export interface Macro {
  readonly name: string
  readonly span?: Span | undefined
  readonly doc?: string | undefined
  /** Part of the prelude: its own source lines are not shown in trails. */
  readonly builtin: boolean
  readonly expand: (form: Value) => Value
}

/** A lexical frame. Functions and macros have their own namespace, as in every Lisp-2. */
export interface Env {
  readonly parent: Env | undefined
  readonly variables: Map<Sym, Value>
  readonly functions: Map<Sym, Fn | Macro>
  /** Forms that symbols stand for (`symbol-macrolet`). */
  readonly symbolMacros: Map<Sym, Value>
}

export interface GlobalVariable {
  value: Value
  readonly constant: boolean
  readonly span?: Span | undefined
}

/** A special operator of compile-time code: gets its operands unevaluated. */
export interface Operator {
  readonly args: string
  readonly doc: string
  readonly evaluate: (interp: Interp, operands: Value, env: Env | undefined) => Value
}

/** A function of compile-time code. */
export interface Builtin {
  readonly args: string
  readonly doc: string
  readonly call: (args: Value[], interp: Interp) => Value
}

export interface Interp {
  readonly operators: ReadonlyMap<string, Operator>
  readonly builtins: ReadonlyMap<string, Builtin>
  readonly globals: Map<Sym, GlobalVariable>
  readonly functions: Map<Sym, Fn>
  readonly macros: Map<Sym, Macro>
  readonly macroSteps: number
  steps: number
  gensyms: number
  /** The form that is being evaluated, when it has a place: where an error happened. */
  where: Span | undefined
  /** All values of the last `values` or `floor`; the first one tells whether they are still the current ones. */
  values: readonly Value[] | undefined
  /** Text that `format t` and friends wrote. */
  readonly output: string[]
  /** What only the compiler knows: `(sizeof x)` and named constants of the tables. */
  readonly lookups: Lookups
}

export interface Lookups {
  readonly sizeOf: (name: Value) => bigint | undefined
  readonly constant: (name: Sym) => bigint | undefined
  /** Local macros first, then global and built-in ones. */
  readonly macro: (name: Sym) => Macro | undefined
}

export interface Language {
  readonly operators: ReadonlyMap<string, Operator>
  readonly builtins: ReadonlyMap<string, Builtin>
}

export function makeInterp(macroSteps: number, lookups: Lookups, language: Language): Interp {
  return {
    ...language,
    globals: new Map(),
    functions: new Map(),
    macros: new Map(),
    macroSteps,
    steps: 0,
    gensyms: 0,
    where: undefined,
    values: undefined,
    output: [],
    lookups,
  }
}

export function childEnv(parent: Env | undefined): Env {
  return { parent, variables: new Map(), functions: new Map(), symbolMacros: new Map() }
}

/** An error of compile-time code, caught by `handler-case` or turned into a diagnostic at the macro call. */
export class LispError extends Error {
  readonly code: DiagnosticCode
  readonly hint: string | undefined
  /** Place inside the macro or function that went wrong. */
  span: Span | undefined
  constructor(code: DiagnosticCode, message: string, hint?: string) {
    super(message)
    this.name = 'LispError'
    this.code = code
    this.hint = hint
  }
}

/** Thrown by `return-from`, `return` and `throw`; `target` is compared by identity. */
export class NonLocalExit {
  readonly target: object
  readonly value: Value
  constructor(target: object, value: Value) {
    this.target = target
    this.value = value
  }
}

/** Counts one step of evaluation. */
export function tick(interp: Interp): void {
  if (++interp.steps > interp.macroSteps) {
    throw new LispError(
      'macro-limit',
      `this took more than ${interp.macroSteps} evaluation steps`,
      'look for a loop or a recursion that never ends',
    )
  }
}

export function typeError(what: string, expected: string, got: Value): LispError {
  const text = printDatum(got, 'readable', 60)
  return new LispError(
    'bad-argument-type',
    `\`${what}\` expected ${expected}, got \`${text.length > 60 ? `${text.slice(0, 57)}...` : text}\``,
  )
}
