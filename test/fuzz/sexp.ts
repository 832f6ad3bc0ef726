/** Programs under test as trees, so that they can be generated, printed and shrunk without a parser. */
export type Sexp = string | readonly Sexp[]

/** One form on as many lines as it needs: short forms stay on one. */
export function printSexp(sexp: Sexp, indent = 0): string {
  const width = 100 - indent
  if (typeof sexp === 'string' || sexp.length < 2 || lengthWithin(sexp, width) >= 0) return flat(sexp)
  const pad = `\n${' '.repeat(indent + 2)}`
  const [head, ...rest] = sexp
  return `(${printSexp(head!, indent + 1)} ${rest.map((item) => printSexp(item, indent + 2)).join(pad)})`
}

function flat(sexp: Sexp): string {
  return typeof sexp === 'string' ? sexp : `(${sexp.map(flat).join(' ')})`
}

/** What is left of so many columns after the form; negative when it does not fit, found out as early as possible. */
function lengthWithin(sexp: Sexp, columns: number): number {
  if (typeof sexp === 'string') return columns - sexp.length
  let left = columns - 1
  for (const item of sexp) {
    left = lengthWithin(item, left) - 1
    if (left < 0) return left
  }
  return left
}

export const printSexps = (forms: readonly Sexp[]): string => `${forms.map((form) => printSexp(form)).join('\n\n')}\n`

export function sizeOfSexp(sexp: Sexp): number {
  return typeof sexp === 'string' ? 1 : sexp.reduce<number>((sum, item) => sum + sizeOfSexp(item), 1)
}
