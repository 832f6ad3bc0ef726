/**
 * Text to data. One bad top-level form does not hide the next: after an error reading goes on at the next line that
 * begins with a parenthesis. Nesting is limited, so that no later stage can run out of stack.
 */
import { Abort, type Bag } from '../diag/diagnostic.ts'
import { lineColumn, type SourceFile, type Span } from '../diag/source.ts'
import { type Cons, cons, isCons, isSym, listFrom, NIL, sym, type Value } from './datum.ts'
import { type Lexer, nextToken, type Token } from './lexer.ts'

/** Deeper lists are refused. Programs written by people stay below 40. */
export const MAX_NESTING = 400

/** A datum with its place. */
export interface Read {
  readonly datum: Value
  readonly span: Span
}

export interface ReadOptions {
  /** Upcased feature names for `#+` and `#-`. */
  readonly features: ReadonlySet<string>
}

interface Reader extends Lexer {
  readonly options: ReadOptions
  depth: number
  /** Start of the outermost open list. */
  topStart: number
  /** A `(def...` in column 1 inside the open list: where the next form begins if this one turns out not to be closed. */
  suspect: Span | undefined
}

/** All top-level data of a file; errors go to the bag. */
export function readAll(file: SourceFile, options: ReadOptions, bag: Bag): Read[] {
  if (/\0|\ufffd/.test(file.text.slice(0, 65536))) {
    bag.error('binary-file', undefined, `\`${file.name}\` is not text`, {
      hint: 'a `.bpf.lisp` file holds Lisp source in UTF-8',
    })
    return []
  }
  const reader: Reader = { file, position: 0, options, depth: 0, topStart: 0, suspect: undefined }
  const result: Read[] = []
  const before = bag.diagnostics.length
  while (readNext(reader, result, bag));
  if (result.length === 0 && bag.diagnostics.length === before) {
    bag.error('empty-file', { file, start: 0, end: 0 }, `\`${file.name}\` holds no forms`, {
      hint: 'expected `defmap` and `defprog` forms',
    })
  }
  return result
}

/** One top-level datum; false at the end of the file. */
function readNext(reader: Reader, result: Read[], bag: Bag): boolean {
  reader.depth = 0
  reader.suspect = undefined
  try {
    const token = nextToken(reader)
    if (token.kind === 'eof') return false
    reader.topStart = token.span.start
    if (token.kind === 'close') {
      throw new Abort('unbalanced-parens', token.span, 'this parenthesis closes nothing', {
        hint: 'remove it, or look for one too many before it',
      })
    }
    const read = readDatum(reader, token)
    if (read) result.push(read)
  } catch (error) {
    if (!(error instanceof Abort)) throw error
    bag.add(error.diagnostic)
    resync(reader, error.diagnostic.span)
  }
  return true
}

/** Goes on at the next `(def` in column 1 after the error. */
function resync(reader: Reader, span: Span | undefined): void {
  const { text } = reader.file
  const from = Math.max(reader.topStart, span?.start ?? 0, Math.min(reader.position, text.length) - 1)
  const next = text.slice(from).search(/\n\(def/i)
  reader.position = next < 0 ? text.length : from + next + 1
}

/** Undefined when a feature expression left the datum out. */
function readDatum(reader: Reader, token: Token): Read | undefined {
  switch (token.kind) {
    case 'atom':
      return { datum: token.value, span: token.span }
    case 'open':
      return readList(reader, token.span)
    case 'vector': {
      const items = readList(reader, token.span)
      const values: Value[] = []
      for (let rest = items.datum; isCons(rest); rest = rest.cdr) values.push(rest.car)
      return { datum: values, span: items.span }
    }
    case 'prefix':
      return readPrefixed(reader, token)
    case 'feature':
      return readFeature(reader, token.keep)
    case 'dot':
      throw new Abort('bad-token', token.span, 'a dot may only stand before the last element of a list')
    case 'close':
      throw new Abort('bad-syntax', token.span, 'expected a form before this parenthesis')
    case 'eof':
      throw unclosed(reader)
  }
}

function readPrefixed(reader: Reader, token: Token & { kind: 'prefix' }): Read {
  enter(reader, token.span)
  const inner = readPresent(reader)
  reader.depth--
  const span = { file: reader.file, start: token.span.start, end: inner.span.end }
  const tail = cons(inner.datum, NIL)
  tail.carSpan = inner.span
  const datum = cons(sym(token.name), tail)
  datum.span = span
  datum.carSpan = token.span
  return { datum, span }
}

/** The next datum that no feature expression leaves out. */
function readPresent(reader: Reader): Read {
  for (;;) {
    const read = readDatum(reader, nextToken(reader))
    if (read) return read
  }
}

function readFeature(reader: Reader, keep: boolean): Read | undefined {
  const test = readPresent(reader)
  const datum = readPresent(reader)
  return featureHolds(test, reader.options.features) === keep ? datum : undefined
}

function featureHolds(test: Read, features: ReadonlySet<string>): boolean {
  const { datum } = test
  if (isSym(datum)) return features.has(datum.name)
  if (!isCons(datum) || !isSym(datum.car))
    throw new Abort('bad-token', test.span, 'expected a feature such as `:x86-64`')
  const parts: boolean[] = []
  for (let rest = datum.cdr; isCons(rest); rest = rest.cdr)
    parts.push(featureHolds({ datum: rest.car, span: test.span }, features))
  switch (datum.car.name) {
    case 'AND':
      return parts.every(Boolean)
    case 'OR':
      return parts.some(Boolean)
    case 'NOT':
      return !parts[0]
    default:
      throw new Abort('bad-token', test.span, 'a feature expression is made of `and`, `or`, `not` and feature names')
  }
}

function enter(reader: Reader, span: Span): void {
  if (++reader.depth > MAX_NESTING) {
    throw new Abort('nesting-too-deep', span, `lists are nested more than ${MAX_NESTING} deep`, {
      hint: 'split the form, or build it with a macro',
    })
  }
}

function readList(reader: Reader, open: Span): Read {
  enter(reader, open)
  const items: Read[] = []
  let tail: Value = NIL
  for (;;) {
    const token = nextToken(reader)
    if (token.kind === 'eof') throw unclosed(reader)
    if (token.kind === 'close') break
    noteColumnOne(reader, token)
    if (token.kind === 'dot') {
      if (items.length === 0) throw new Abort('bad-token', token.span, 'a dot needs an element before it')
      tail = readPresent(reader).datum
      const end = nextToken(reader)
      if (end.kind !== 'close')
        throw new Abort('bad-token', end.span, 'expected `)` after the element that follows a dot')
      break
    }
    const item = readDatum(reader, token)
    if (item) items.push(item)
  }
  reader.depth--
  const span = { file: reader.file, start: open.start, end: reader.position }
  return { datum: spannedList(items, tail, span), span }
}

function noteColumnOne(reader: Reader, token: Token): void {
  const { text } = reader.file
  const { start } = token.span
  if (reader.suspect || token.kind !== 'open' || start === 0 || text[start - 1] !== '\n') return
  if (/^\(def/i.test(text.slice(start, start + 4))) reader.suspect = token.span
}

function unclosed(reader: Reader): Abort {
  const { file, suspect } = reader
  const next = suspect ? `; line ${lineColumn(file, suspect.start).line} begins another form` : ''
  if (suspect) reader.position = suspect.start
  const open = { file, start: reader.topStart, end: reader.topStart + 1 }
  return new Abort('unbalanced-parens', open, `this form is not closed${next}`, { hint: 'add the missing `)`' })
}

function spannedList(items: readonly Read[], tail: Value, span: Span): Value {
  if (items.length === 0) return tail
  const head = listFrom(
    items.map((item) => item.datum),
    tail,
  ) as Cons
  let rest: Value = head
  for (const item of items) {
    if (isCons(rest)) {
      rest.carSpan = item.span
      rest = rest.cdr
    }
  }
  head.span = span
  return head
}
