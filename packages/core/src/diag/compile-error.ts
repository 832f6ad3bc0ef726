/**
 * The error that ends a compilation: every diagnostic that was found, in source order, with its text ready to print.
 */
import type { Diagnostic } from './diagnostic.ts'
import { renderDiagnostic } from './render.ts'

/** What a compilation that found errors throws; `message` has every diagnostic with its code frame. */
export class CompileError extends Error {
  readonly diagnostics: readonly Diagnostic[]
  constructor(diagnostics: readonly Diagnostic[]) {
    const sorted = inSourceOrder(diagnostics)
    super(sorted.map((d) => renderDiagnostic(d)).join('\n\n'))
    this.name = 'CompileError'
    this.diagnostics = sorted
  }
}

/** Stages find errors in their own order; a reader goes through the file. Places in other files keep their order. */
function inSourceOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort((a, b) => {
    return a.span && b.span && a.span.file === b.span.file ? a.span.start - b.span.start : 0
  })
}
