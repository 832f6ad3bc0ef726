/**
 * The three kinds of failure: a user error or an unsupported construct is a `Diagnostic`, collected in a `Bag` so that
 * one run shows several; a broken invariant is a bug of the compiler and throws at once.
 */
import type { DiagnosticCode } from './codes.ts'
import type { Span } from './source.ts'

export type Severity = 'error' | 'warning'

/** One more place that belongs to a diagnostic ("first defined here", "expanded from this macro"). */
export interface Note {
  readonly message: string
  readonly span?: Span | undefined
}

export interface Diagnostic {
  readonly code: DiagnosticCode
  readonly severity: Severity
  /** What is wrong and what was expected, in the user's words; no trailing full stop. */
  readonly message: string
  /** Absent only when there is no text to point at (a missing or binary file). */
  readonly span?: Span | undefined
  readonly notes: readonly Note[]
  /** What to do instead. */
  readonly hint?: string | undefined
}

export interface DiagnosticExtras {
  readonly hint?: string | undefined
  readonly notes?: readonly Note[] | undefined
}

/** Collects diagnostics of one compilation, in the order in which they were found. */
export class Bag {
  readonly diagnostics: Diagnostic[] = []

  error(code: DiagnosticCode, span: Span | undefined, message: string, extras: DiagnosticExtras = {}): void {
    this.add({ code, severity: 'error', span, message, notes: extras.notes ?? [], hint: extras.hint })
  }

  warn(code: DiagnosticCode, span: Span | undefined, message: string, extras: DiagnosticExtras = {}): void {
    this.add({ code, severity: 'warning', span, message, notes: extras.notes ?? [], hint: extras.hint })
  }

  /** Adds a diagnostic; an exact repeat (same code, place and message) is dropped. */
  add(diagnostic: Diagnostic): void {
    const same = this.diagnostics.some(
      (d) =>
        d.code === diagnostic.code &&
        d.message === diagnostic.message &&
        d.span?.file === diagnostic.span?.file &&
        d.span?.start === diagnostic.span?.start,
    )
    if (!same) this.diagnostics.push(diagnostic)
  }

  get hasErrors(): boolean {
    return this.diagnostics.some((d) => d.severity === 'error')
  }
}

/**
 * Stops a stage at one form; the stage's driver catches it, puts the diagnostic into the bag and goes on with the
 * next top-level form.
 */
export class Abort extends Error {
  readonly diagnostic: Diagnostic
  constructor(code: DiagnosticCode, span: Span | undefined, message: string, extras: DiagnosticExtras = {}) {
    super(message)
    this.name = 'Abort'
    this.diagnostic = { code, severity: 'error', span, message, notes: extras.notes ?? [], hint: extras.hint }
  }
}

/** A bug of the compiler, never the user's fault. The message begins with the stage: `regalloc: ...`. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(`compiler bug: ${message}`)
    this.name = 'InvariantError'
  }
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}

/** Ends an exhaustive `switch`; a missing case is a type error here. */
export function assertNever(value: never): never {
  throw new InvariantError(`unexpected ${JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`)
}
