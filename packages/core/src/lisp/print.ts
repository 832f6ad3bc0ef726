/** Data as text, as `prin1` (readable) or `princ` (for people) would write it; symbols are printed downcased. */
import {
  type Cons,
  FUNCTION,
  isCons,
  NIL,
  QUASIQUOTE,
  QUOTE,
  type Sym,
  UNQUOTE,
  UNQUOTE_SPLICING,
  type Value,
} from './datum.ts'

export type PrintStyle = 'readable' | 'plain'

const PREFIXES = new Map<Value, string>([
  [QUOTE, "'"],
  [FUNCTION, "#'"],
  [QUASIQUOTE, '`'],
  [UNQUOTE, ','],
  [UNQUOTE_SPLICING, ',@'],
])
const CHAR_NAMES: Readonly<Record<string, string>> = { ' ': 'Space', '\n': 'Newline', '\t': 'Tab', '\0': 'Null' }

export function printDatum(value: Value, style: PrintStyle = 'readable'): string {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'string') return style === 'readable' ? `"${value.replace(/["\\]/g, '\\$&')}"` : value
  if (Array.isArray(value)) return `#(${value.map((v) => printDatum(v, style)).join(' ')})`
  switch (value.kind) {
    case 'symbol':
      return printSymbol(value, style)
    case 'char':
      return style === 'readable' ? `#\\${CHAR_NAMES[value.char] ?? value.char}` : value.char
    case 'hash':
      return `#<hash-table ${value.entries.size}>`
    case 'fn':
      return `#<function ${value.name.toLowerCase()}>`
    case 'cons':
      return printCons(value, style)
  }
}

function printSymbol(symbol: Sym, style: PrintStyle): string {
  const prefix = symbol.keyword ? ':' : symbol.interned || style === 'plain' ? '' : '#:'
  const odd = /[a-z\s()"';`,|]/.test(symbol.name) || symbol.name === ''
  return odd && style === 'readable' ? `${prefix}|${symbol.name}|` : prefix + symbol.name.toLowerCase()
}

function printCons(value: Cons, style: PrintStyle): string {
  const prefix = PREFIXES.get(value.car)
  if (prefix !== undefined && isCons(value.cdr) && value.cdr.cdr === NIL)
    return prefix + printDatum(value.cdr.car, style)
  const parts: string[] = []
  let rest: Value = value
  while (isCons(rest)) {
    parts.push(printDatum(rest.car, style))
    rest = rest.cdr
  }
  if (rest !== NIL) parts.push('.', printDatum(rest, style))
  return `(${parts.join(' ')})`
}

const WIDTH = 100

/** Over several lines when it does not fit into one; operands are indented by two. */
export function printWide(value: Value, indent = 0): string {
  const flat = printDatum(value)
  if (indent + flat.length <= WIDTH || !isCons(value)) return flat
  const pad = `\n${' '.repeat(indent + 2)}`
  const parts: string[] = []
  let rest: Value = value
  while (isCons(rest)) {
    parts.push(printWide(rest.car, indent + 2))
    rest = rest.cdr
  }
  if (rest !== NIL) parts.push(`. ${printDatum(rest)}`)
  return `(${parts.join(pad)})`
}
