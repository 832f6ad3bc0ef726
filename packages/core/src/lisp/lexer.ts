/**
 * Characters to tokens. Positions are exact; comments and white space are skipped here. A token that cannot be one
 * (`1.5`, a lone `#z`) aborts with `bad-token`.
 */
import { Abort } from '../diag/diagnostic.ts'
import type { SourceFile, Span } from '../diag/source.ts'
import { type Char, keyword, type Sym, sym, uninterned, type Value } from './datum.ts'

export type Token =
  | { readonly kind: 'open' | 'close' | 'dot' | 'vector' | 'eof'; readonly span: Span }
  /** `'` `` ` `` `,` `,@` `#'`: read as a two-element list with this head. */
  | { readonly kind: 'prefix'; readonly name: string; readonly span: Span }
  /** `#+` / `#-`: the next datum decides whether the one after it is read. */
  | { readonly kind: 'feature'; readonly keep: boolean; readonly span: Span }
  | { readonly kind: 'atom'; readonly value: Value; readonly span: Span }

const TERMINATORS = new Set([' ', '\t', '\n', '\r', '\f', '(', ')', '"', "'", ';', '`', ','])
const CHAR_NAMES: Readonly<Record<string, string>> = {
  SPACE: ' ',
  NEWLINE: '\n',
  LINEFEED: '\n',
  TAB: '\t',
  RETURN: '\r',
  NUL: '\0',
  NULL: '\0',
  BACKSPACE: '\b',
  RUBOUT: '\x7f',
}
const PREFIXES: Readonly<Record<string, string>> = { "'": 'QUOTE', '`': 'QUASIQUOTE' }

export interface Lexer {
  readonly file: SourceFile
  position: number
}

export function nextToken(lexer: Lexer): Token {
  skipBlank(lexer)
  const { file } = lexer
  const start = lexer.position
  const char = file.text[start]
  if (char === undefined) return { kind: 'eof', span: { file, start, end: start } }
  if (char === '(' || char === ')') return { kind: char === '(' ? 'open' : 'close', span: advance(lexer, 1) }
  if (char === '"') return { kind: 'atom', value: readString(lexer), span: { file, start, end: lexer.position } }
  const prefix = PREFIXES[char]
  if (prefix) return { kind: 'prefix', name: prefix, span: advance(lexer, 1) }
  if (char === ',') {
    const splice = file.text[start + 1] === '@'
    return { kind: 'prefix', name: splice ? 'UNQUOTE-SPLICING' : 'UNQUOTE', span: advance(lexer, splice ? 2 : 1) }
  }
  return char === '#' ? readDispatch(lexer) : readAtom(lexer)
}

function advance(lexer: Lexer, length: number): Span {
  const start = lexer.position
  lexer.position += length
  return { file: lexer.file, start, end: lexer.position }
}

function skipBlank(lexer: Lexer): void {
  const { text } = lexer.file
  for (;;) {
    const char = text[lexer.position]
    if (char === ';') {
      const end = text.indexOf('\n', lexer.position)
      lexer.position = end < 0 ? text.length : end
    } else if (char === '#' && text[lexer.position + 1] === '|') skipBlockComment(lexer)
    else if (char !== undefined && (/\s/.test(char) || char === '\ufeff')) lexer.position++
    else return
  }
}

function skipBlockComment(lexer: Lexer): void {
  const { text } = lexer.file
  const start = lexer.position
  let depth = 0
  do {
    if (text.startsWith('#|', lexer.position)) {
      depth++
      lexer.position += 2
    } else if (text.startsWith('|#', lexer.position)) {
      depth--
      lexer.position += 2
    } else if (lexer.position >= text.length) {
      const span = { file: lexer.file, start, end: start + 2 }
      throw new Abort('bad-token', span, 'this block comment is not closed', { hint: 'close it with `|#`' })
    } else lexer.position++
  } while (depth > 0)
}

function readString(lexer: Lexer): string {
  const { file } = lexer
  const start = lexer.position++
  let result = ''
  for (;;) {
    const char = file.text[lexer.position]
    if (char === undefined) {
      const end = Math.min(start + 1, file.text.length)
      throw new Abort('unterminated-string', { file, start, end }, 'this string has no closing quote')
    }
    lexer.position++
    if (char === '"') return result
    // A backslash only makes the next character ordinary, as in Common Lisp: "\n" is the letter n.
    if (char === '\\') {
      result += file.text[lexer.position] ?? ''
      lexer.position = Math.min(lexer.position + 1, file.text.length)
    } else result += char
  }
}

function readDispatch(lexer: Lexer): Token {
  const { file } = lexer
  const start = lexer.position
  const next = file.text[start + 1]?.toLowerCase()
  switch (next) {
    case "'":
      return { kind: 'prefix', name: 'FUNCTION', span: advance(lexer, 2) }
    case '(':
      return { kind: 'vector', span: advance(lexer, 2) }
    case '+':
    case '-':
      return { kind: 'feature', keep: next === '+', span: advance(lexer, 2) }
    case '\\':
      return readChar(lexer)
    case 'x':
    case 'b':
    case 'o':
      return readRadix(lexer, RADIX[next])
    case ':': {
      lexer.position += 2
      const text = tokenText(lexer)
      return { kind: 'atom', value: uninterned(text.toUpperCase()), span: { file, start, end: lexer.position } }
    }
    case 'p':
      if (file.text[start + 2] === '"') {
        lexer.position += 2
        return { kind: 'atom', value: readString(lexer), span: { file, start, end: lexer.position } }
      }
  }
  lexer.position += 2
  throw new Abort(
    'bad-token',
    { file, start, end: Math.min(start + 2, file.text.length) },
    `\`#${next ?? ''}\` is no reader syntax here`,
    {
      hint: "known are #x #b #o #' #( #\\ #+ #- #: and #| |#",
    },
  )
}

function readChar(lexer: Lexer): Token {
  const { file } = lexer
  const start = lexer.position
  lexer.position += 2
  // The first character belongs to the token even when it is a terminator: `#\(`.
  const first = String.fromCodePoint(file.text.codePointAt(lexer.position) ?? 32)
  lexer.position = Math.min(lexer.position + first.length, file.text.length)
  const text = first + (TERMINATORS.has(first) ? '' : rawToken(lexer))
  const span = { file, start, end: lexer.position }
  const char = [...text].length === 1 ? text : CHAR_NAMES[text.toUpperCase()]
  if (char === undefined) throw new Abort('bad-token', span, `there is no character named \`${text}\``)
  const value: Char = { kind: 'char', char }
  return { kind: 'atom', value, span }
}

const RADIX = { x: 16, b: 2, o: 8 } as const
const DIGITS: Readonly<Record<number, RegExp>> = { 16: /^[+-]?[0-9a-f]+$/i, 2: /^[+-]?[01]+$/, 8: /^[+-]?[0-7]+$/ }

function readRadix(lexer: Lexer, radix: 16 | 8 | 2): Token {
  const { file } = lexer
  const start = lexer.position
  lexer.position += 2
  const text = rawToken(lexer)
  const span = { file, start, end: lexer.position }
  if (!DIGITS[radix]!.test(text)) {
    throw new Abort('bad-token', span, `\`${file.text.slice(start, span.end)}\` is no integer of base ${radix}`)
  }
  const digits = text.replace(/^[+-]/, '')
  const value = BigInt(`${{ 16: '0x', 8: '0o', 2: '0b' }[radix]}${digits}`)
  return { kind: 'atom', value: text.startsWith('-') ? -value : value, span }
}

function rawToken(lexer: Lexer): string {
  const start = lexer.position
  const { text } = lexer.file
  while (lexer.position < text.length && !TERMINATORS.has(text[lexer.position]!)) lexer.position++
  return text.slice(start, lexer.position)
}

/** Token text with `|quoted parts|` kept apart from the rest, which is upcased. */
function tokenText(lexer: Lexer): string {
  const { file } = lexer
  let result = ''
  for (;;) {
    const char = file.text[lexer.position]
    if (char === undefined || TERMINATORS.has(char)) return result
    if (char === '|') {
      const end = file.text.indexOf('|', lexer.position + 1)
      if (end < 0) {
        const span = { file, start: lexer.position, end: lexer.position + 1 }
        lexer.position = file.text.length
        throw new Abort('bad-token', span, 'this symbol has no closing `|`')
      }
      result += file.text.slice(lexer.position + 1, end)
      lexer.position = end + 1
    } else if (char === '\\') {
      result += file.text[lexer.position + 1] ?? ''
      lexer.position = Math.min(lexer.position + 2, file.text.length)
    } else {
      result += char.toUpperCase()
      lexer.position++
    }
  }
}

function readAtom(lexer: Lexer): Token {
  const { file } = lexer
  const start = lexer.position
  const raw = /^[^\s()"';`,|\\]+/.exec(file.text.slice(start, start + 1000))?.[0] ?? ''
  const quoted = TERMINATORS.has(file.text[start + raw.length] ?? ' ') === false && raw.length < 1000
  const text = tokenText(lexer)
  const span = { file, start, end: lexer.position }
  if (!quoted && raw.length < 1000) {
    if (raw === '.') return { kind: 'dot', span }
    const number = parseNumber(raw, span)
    if (number !== undefined) return { kind: 'atom', value: number, span }
  }
  return { kind: 'atom', value: symbolFromToken(text), span }
}

function parseNumber(raw: string, span: Span): bigint | undefined {
  if (/^[+-]?\d+\.?$/.test(raw)) return BigInt(raw.replace(/^\+|\.$/g, ''))
  if (/^[+-]?(\d+\.\d*|\.\d+|\d+)(e[+-]?\d+)?$/i.test(raw) || /^[+-]?\d+\/\d+$/.test(raw)) {
    throw new Abort('bad-token', span, `\`${raw}\` is no integer; eBPF has neither fractions nor floating point`)
  }
  if (/^0x[0-9a-f]+$/i.test(raw)) {
    throw new Abort('bad-token', span, `\`${raw}\` is no number in Lisp`, { hint: `write \`#x${raw.slice(2)}\`` })
  }
  return undefined
}

/** Package prefixes are dropped: `whistler:defstruct` is `defstruct`. A leading colon makes a keyword. */
function symbolFromToken(text: string): Sym {
  if (text.startsWith(':')) return keyword(text.slice(1))
  const colon = text.lastIndexOf(':')
  return sym(colon > 0 && colon < text.length - 1 ? text.slice(colon + 1) : text)
}
