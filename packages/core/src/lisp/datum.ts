/**
 * Data of the compile-time language; source code is such data too. A cons that was read carries the span of the list
 * that begins with it and the span of its first element, so that atoms have positions although they are shared. Conses
 * made by macros carry none: forms built of them take the span of the macro call.
 */
import type { Span } from '../diag/source.ts'

/** A symbol: compared by identity. `name` is upcased unless it was written `|like this|`. */
export interface Sym {
  readonly kind: 'symbol'
  readonly name: string
  readonly keyword: boolean
  readonly interned: boolean
}

export interface Cons {
  readonly kind: 'cons'
  car: Value
  cdr: Value
  /** Of the whole list from here on; only on the first cons of a list that was read. */
  span?: Span | undefined
  carSpan?: Span | undefined
}

export interface Char {
  readonly kind: 'char'
  readonly char: string
}

export interface HashTable {
  readonly kind: 'hash'
  readonly test: 'eql' | 'equal'
  readonly entries: Map<unknown, [Value, Value]>
}

/** A compile-time function. */
export interface Fn {
  readonly kind: 'fn'
  readonly name: string
  readonly apply: (args: Value[]) => Value
}

export type Value = bigint | string | Sym | Cons | Char | HashTable | Fn | Value[]

// Interned symbols; the table only ever grows by names that occur in sources.
const symbols = new Map<string, Sym>()
const keywords = new Map<string, Sym>()

function interned(table: Map<string, Sym>, name: string, keyword: boolean): Sym {
  const found = table.get(name)
  if (found) return found
  const made: Sym = { kind: 'symbol', name, keyword, interned: true }
  table.set(name, made)
  return made
}

/** The symbol with exactly this (upcased) name. */
export function sym(name: string): Sym {
  return interned(symbols, name, false)
}

export function keyword(name: string): Sym {
  return interned(keywords, name, true)
}

/** A fresh symbol that nothing else can be identical to. */
export function uninterned(name: string): Sym {
  return { kind: 'symbol', name, keyword: false, interned: false }
}

export const NIL = sym('NIL')
export const T = sym('T')
export const QUOTE = sym('QUOTE')
export const FUNCTION = sym('FUNCTION')
export const QUASIQUOTE = sym('QUASIQUOTE')
export const UNQUOTE = sym('UNQUOTE')
export const UNQUOTE_SPLICING = sym('UNQUOTE-SPLICING')

export function cons(car: Value, cdr: Value): Cons {
  return { kind: 'cons', car, cdr }
}

export function isCons(value: Value): value is Cons {
  return typeof value === 'object' && !Array.isArray(value) && value.kind === 'cons'
}

export function isSym(value: Value): value is Sym {
  return typeof value === 'object' && !Array.isArray(value) && value.kind === 'symbol'
}

export function isFn(value: Value): value is Fn {
  return typeof value === 'object' && !Array.isArray(value) && value.kind === 'fn'
}

export function isChar(value: Value): value is Char {
  return typeof value === 'object' && !Array.isArray(value) && value.kind === 'char'
}

export function isHash(value: Value): value is HashTable {
  return typeof value === 'object' && !Array.isArray(value) && value.kind === 'hash'
}

export function list(...items: readonly Value[]): Value {
  return listFrom(items, NIL)
}

/** A list of the items that ends in `tail`. */
export function listFrom(items: readonly Value[], tail: Value): Value {
  let result = tail
  for (let i = items.length - 1; i >= 0; i--) result = cons(items[i]!, result)
  return result
}

/** Longer lists are taken for circular ones. */
export const MAX_LIST = 1_000_000

/** The items of a proper list; undefined for anything else. */
export function listItems(value: Value): Value[] | undefined {
  const items: Value[] = []
  let rest = value
  while (isCons(rest) && items.length < MAX_LIST) {
    items.push(rest.car)
    rest = rest.cdr
  }
  return rest === NIL ? items : undefined
}

export const bool = (condition: boolean): Value => (condition ? T : NIL)
export const isTrue = (value: Value): boolean => value !== NIL

/** A deep copy of list structure without positions: what `quote` gives, so that templates take the call's position. */
export function stripSpans(value: Value): Value {
  if (!isCons(value)) return value
  const head = cons(stripSpans(value.car), NIL)
  let last = head
  let rest = value.cdr
  while (isCons(rest)) {
    const next = cons(stripSpans(rest.car), NIL)
    last.cdr = next
    last = next
    rest = rest.cdr
  }
  last.cdr = rest
  return head
}

/** CL `eql`: symbols and objects by identity, numbers and characters by value. */
export function eql(a: Value, b: Value): boolean {
  return a === b || (isChar(a) && isChar(b) && a.char === b.char)
}

/** CL `equal`: lists by structure, strings by content. */
export function equal(a: Value, b: Value): boolean {
  let x = a
  let y = b
  for (let count = 0; isCons(x) && isCons(y) && count < MAX_LIST; count++) {
    if (!equal(x.car, y.car)) return false
    x = x.cdr
    y = y.cdr
  }
  return eql(x, y)
}
