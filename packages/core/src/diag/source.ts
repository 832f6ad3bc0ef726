/**
 * Source text and positions in it. A position is a character offset everywhere in the compiler; line and column are
 * computed only when something is shown to a person or written into BTF line_info.
 */

/** One source text. `name` is what messages and BTF show (a path as the user would type it). */
export interface SourceFile {
  readonly name: string
  readonly text: string
  /** Offsets at which each line begins; `lineStarts[0] === 0`. */
  readonly lineStarts: readonly number[]
  /** What messages show in place of `text`, of the same length: the module that a program is embedded in. */
  readonly shown?: string | undefined
}

/** A range of characters `[start, end)` of one file. */
export interface Span {
  readonly file: SourceFile
  readonly start: number
  readonly end: number
}

export function sourceFile(name: string, text: string): SourceFile {
  const lineStarts = [0]
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) lineStarts.push(i + 1)
  return { name, text, lineStarts }
}

/** 1-based line and column (in UTF-16 units) of an offset. */
export function lineColumn(file: SourceFile, offset: number): { line: number; column: number } {
  let low = 0
  let high = file.lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (file.lineStarts[middle]! <= offset) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: offset - file.lineStarts[low]! + 1 }
}

/** Text of a 1-based line, without its line break; empty when there is no such line. */
export function lineText(file: SourceFile, line: number): string {
  const start = file.lineStarts[line - 1]
  if (start === undefined) return ''
  const end = file.lineStarts[line] ?? file.text.length + 1
  return (file.shown ?? file.text).slice(start, end - 1).replace(/\r$/, '')
}

/** Smallest span that covers both; both must be of one file. */
export function joinSpans(a: Span, b: Span): Span {
  return { file: a.file, start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) }
}
