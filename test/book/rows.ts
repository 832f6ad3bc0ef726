/** The tables of the language book; a row whose first cell was code has lost its first bar. */

export interface Table {
  /** 1-based, of its head. */
  readonly line: number
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export function tablesOf(book: string): Table[] {
  const lines = book.split('\n')
  return lines.flatMap((line, i) => {
    if (!/^\|(-+\|)+$/.test(line)) return []
    const end = lines.findIndex((other, j) => j > i && !other.endsWith('|'))
    return [{ line: i, head: cellsOf(lines[i - 1]!), rows: lines.slice(i + 1, end).map(cellsOf) }]
  })
}

const cellsOf = (line: string): string[] =>
  line
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim())
