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

/** Text written so far; nothing is added beyond the limit, since data may share parts or be circular. */
interface Writer {
  out: string
  readonly style: PrintStyle
  readonly limit: number
}

/** At most about `limit` characters. */
export function printDatum(value: Value, style: PrintStyle = 'readable', limit = 1_000_000): string {
  const writer: Writer = { out: '', style, limit }
  write(writer, value)
  return writer.out
}

function write(writer: Writer, value: Value): void {
  if (writer.out.length > writer.limit) return
  const readable = writer.style === 'readable'
  if (typeof value === 'bigint') writer.out += value
  else if (typeof value === 'string') writer.out += readable ? `"${value.replace(/["\\]/g, '\\$&')}"` : value
  else if (Array.isArray(value)) {
    writer.out += '#('
    writeItems(writer, value)
    writer.out += ')'
  } else {
    switch (value.kind) {
      case 'symbol':
        writer.out += symbolText(value, writer.style)
        break
      case 'char':
        writer.out += readable ? `#\\${CHAR_NAMES[value.char] ?? value.char}` : value.char
        break
      case 'hash':
        writer.out += `#<hash-table ${value.entries.size}>`
        break
      case 'fn':
        writer.out += `#<function ${value.name.toLowerCase()}>`
        break
      case 'cons':
        writeCons(writer, value)
    }
  }
}

function writeItems(writer: Writer, values: readonly Value[]): void {
  for (const [i, value] of values.entries()) {
    if (i > 0) writer.out += ' '
    write(writer, value)
  }
}

function symbolText(symbol: Sym, style: PrintStyle): string {
  const prefix = symbol.keyword ? ':' : symbol.interned || style === 'plain' ? '' : '#:'
  const odd = /[a-z\s()"';`,|]/.test(symbol.name) || symbol.name === ''
  return odd && style === 'readable' ? `${prefix}|${symbol.name}|` : prefix + symbol.name.toLowerCase()
}

function writeCons(writer: Writer, value: Cons): void {
  const prefix = PREFIXES.get(value.car)
  if (prefix !== undefined && isCons(value.cdr) && value.cdr.cdr === NIL) {
    writer.out += prefix
    write(writer, value.cdr.car)
    return
  }
  writer.out += '('
  let rest: Value = value
  while (isCons(rest) && writer.out.length <= writer.limit) {
    if (rest !== value) writer.out += ' '
    write(writer, rest.car)
    rest = rest.cdr
  }
  if (rest !== NIL && !isCons(rest)) {
    writer.out += ' . '
    write(writer, rest)
  }
  writer.out += ')'
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
