/**
 * The Lisp code of the language book, whose text has neither fences nor blank lines: a block is a run of lines that reads
 * as balanced lists and comments, started by a line that begins with `(` (or a comment right above one).
 */

export interface Block {
  /** 1-based. */
  readonly line: number
  readonly text: string
}

/** Prose can begin a line with a parenthesis, too; what does not balance within this many lines is no code. */
const LONGEST = 80

export function lispBlocks(book: string): Block[] {
  const lines = book.split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length; ) {
    const end = blockEnd(lines, at)
    if (end > at) blocks.push({ line: at + 1, text: lines.slice(at, end).join('\n') })
    at = Math.max(end, at + 1)
  }
  return blocks
}

/** Index after the last line of the block that starts at `at`; `at` when none does. */
function blockEnd(lines: readonly string[], at: number): number {
  let end = at
  for (let next = at; next < lines.length; ) {
    if (lines[next]!.trim().startsWith(';')) next += 1
    else {
      const after = formEnd(lines, next)
      if (after === next) break
      next = after
      end = after
    }
  }
  return end
}

/** Index after the lines of one or more lists that start at the beginning of line `at`. */
function formEnd(lines: readonly string[], at: number): number {
  if (!lines[at]!.trim().startsWith('(')) return at
  let depth = 0
  for (let i = at; i < Math.min(lines.length, at + LONGEST); i++) {
    const change = depthAfter(lines[i]!, depth)
    if (change === undefined) return at
    depth = change
    if (depth === 0) return i + 1
  }
  return at
}

/** Depth of lists after a line; undefined when the line is not Lisp: text after the last list, or one closed too often. */
function depthAfter(line: string, before: number): number | undefined {
  const code = line.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/;.*$/, '')
  let depth = before
  for (const token of code.match(/[()]|[^\s()]+/g) ?? []) {
    if (token === '(') depth += 1
    else if (token === ')') depth -= 1
    else if (depth === 0) return undefined
    if (depth < 0) return undefined
  }
  return depth
}
