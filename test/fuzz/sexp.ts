/** Programs under test as trees, so that they can be generated, printed and shrunk without a parser. */
export type Sexp = string | readonly Sexp[]

/** One form on as many lines as it needs: short forms stay on one. */
export function printSexp(sexp: Sexp, indent = 0): string {
  if (typeof sexp === 'string') return sexp
  const flat = `(${sexp.map((item) => printSexp(item)).join(' ')})`
  if (flat.length + indent <= 100 || sexp.length < 2) return flat
  const pad = `\n${' '.repeat(indent + 2)}`
  const [head, ...rest] = sexp
  return `(${printSexp(head!, indent + 1)} ${rest.map((item) => printSexp(item, indent + 2)).join(pad)})`
}

export const printSexps = (forms: readonly Sexp[]): string => `${forms.map((form) => printSexp(form)).join('\n\n')}\n`

export function sizeOfSexp(sexp: Sexp): number {
  return typeof sexp === 'string' ? 1 : sexp.reduce<number>((sum, item) => sum + sizeOfSexp(item), 1)
}
