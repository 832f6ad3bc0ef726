/**
 * A `CompileError` in the shape that bundlers report: `loc`, `frame` and `id` for vite's overlay and rollup, and the
 * position and frame inside the message, because webpack and Rspack print the message alone.
 */
import { resolve } from 'node:path'
import { CompileError, lineColumn, renderFrame } from '@unplugin-bpf/core'

export interface BundlerError {
  readonly name: string
  readonly message: string
  readonly id: string
  readonly plugin: string
  readonly frame?: string
  readonly loc?: { readonly file: string; readonly line: number; readonly column: number }
  /** Empty: the compiler's own stack says nothing to the author of a program. */
  readonly stack: string
}

/** Anything but a CompileError is a bug of ours and is rethrown as it is. */
export function toBundlerError(error: unknown, id: string): BundlerError {
  if (!(error instanceof CompileError)) throw error
  const base = { name: 'CompileError', message: error.message, id, plugin: 'unplugin-bpf', stack: '' }
  const span = error.diagnostics.find((d) => d.severity === 'error' && d.span)?.span
  if (!span) return base
  const { line, column } = lineColumn(span.file, span.start)
  // Rollup and vite count columns from 0.
  return { ...base, frame: renderFrame(span), loc: { file: resolve(span.file.name), line, column: column - 1 } }
}
