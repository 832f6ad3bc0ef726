/**
 * A diagnostic as text:
 *
 *   count.bpf.lisp:4:9: error[unknown-map]: no map is named `pkt-cuont`
 *      4 |   (incf (getmap pkt-cuont 0))
 *        |                 ^^^^^^^^^
 *     hint: did you mean `pkt-count`?
 */
import type { Diagnostic } from './diagnostic.ts'
import { lineColumn, lineText, type Span } from './source.ts'

/** `file:line:column` of a span's start. */
export function renderPosition(span: Span): string {
  const { line, column } = lineColumn(span.file, span.start)
  return `${span.file.name}:${line}:${column}`
}

/** The source line of a span with a caret line under it, both with a line-number gutter. */
export function renderFrame(span: Span): string {
  const { line, column } = lineColumn(span.file, span.start)
  const text = lineText(span.file, line)
  const width = Math.max(1, Math.min(span.end - span.start, text.length - column + 1))
  const shown = clipLine(text, column)
  const gutter = String(line).padStart(5)
  // Tabs stay tabs in the caret line, so that the carets stand under the right characters.
  const pad = shown.text.slice(0, shown.column - 1).replace(/[^\t]/g, ' ')
  return `${gutter} | ${shown.text}\n${' '.repeat(gutter.length)} | ${pad}${'^'.repeat(Math.min(width, Math.max(1, shown.text.length - shown.column + 1)))}`
}

/** Long lines (10,000 parentheses) are cut to a window around the column. */
function clipLine(text: string, column: number): { text: string; column: number } {
  const limit = 160
  if (text.length <= limit) return { text, column }
  const start = Math.max(0, column - 1 - limit / 2)
  return { text: text.slice(start, start + limit), column: column - start }
}

export function renderDiagnostic(diagnostic: Diagnostic): string {
  const place = diagnostic.span ? `${renderPosition(diagnostic.span)}: ` : ''
  const lines = [`${place}${diagnostic.severity}[${diagnostic.code}]: ${diagnostic.message}`]
  if (diagnostic.span) lines.push(renderFrame(diagnostic.span))
  if (diagnostic.hint) lines.push(`  hint: ${diagnostic.hint}`)
  for (const note of diagnostic.notes) {
    lines.push(`  note: ${note.span ? `${renderPosition(note.span)}: ` : ''}${note.message}`)
    if (note.span) lines.push(renderFrame(note.span))
  }
  return lines.join('\n')
}
