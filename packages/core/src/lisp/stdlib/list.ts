/** Functions on lists: construction, access, mapping, association and property lists. */
import {
  bool,
  cons,
  eql,
  equal,
  isCons,
  isFn,
  isSym,
  isTrue,
  keyword,
  listFrom,
  listItems,
  MAX_LIST,
  NIL,
  type Value,
} from '../datum.ts'
import { toFn } from '../eval.ts'
import { type Builtin, type Interp, LispError, tick, typeError } from '../interp.ts'

export const fn = (args: string, doc: string, call: Builtin['call']): Builtin => ({ args, doc, call })

export function items(name: string, value: Value | undefined): Value[] {
  const result = listItems(value ?? NIL)
  if (!result) throw typeError(name, 'a list', value ?? NIL)
  return result
}

/** A length that fits into memory. */
export function size(name: string, value: Value | undefined): number {
  if (typeof value === 'bigint' && value >= 0n && value <= BigInt(MAX_LIST)) return Number(value)
  throw typeError(name, `a size of 0 to ${MAX_LIST}`, value ?? NIL)
}

export const keyArg = (args: readonly Value[], name: string): Value | undefined => {
  for (let i = 0; i + 1 < args.length; i++) if (args[i] === keyword(name)) return args[i + 1]
  return undefined
}

/** `:test` and `:key` as one predicate on (item, element). */
export function tester(interp: Interp, options: readonly Value[]): (item: Value, element: Value) => boolean {
  const test = keyArg(options, 'TEST')
  const key = keyFunction(interp, options)
  const compare = testFunction(interp, test)
  return (item, element) => compare(item, key(element))
}

function testFunction(interp: Interp, test: Value | undefined): (a: Value, b: Value) => boolean {
  const name = test === undefined ? 'EQL' : isSym(test) ? test.name : isFn(test) ? test.name : ''
  if (name === 'EQ' || name === 'EQL' || name === '=') return eql
  if (name === 'EQUAL') return equal
  const apply = toFn(interp, test!).apply
  return (a, b) => isTrue(apply([a, b]))
}

export function keyFunction(interp: Interp, options: readonly Value[]): (element: Value) => Value {
  const key = keyArg(options, 'KEY')
  if (key === undefined || key === NIL) return (element) => element
  const apply = toFn(interp, key).apply
  return (element) => apply([element])
}

export function memberOf(interp: Interp, item: Value, source: Value, options: readonly Value[]): Value {
  const test = tester(interp, options)
  for (let tail = source; isCons(tail); tail = tail.cdr) {
    tick(interp)
    if (test(item, tail.car)) return tail
  }
  return NIL
}

function part(name: string, path: string, value: Value): Value {
  let result = value
  for (const step of [...path].reverse()) {
    if (result === NIL) return NIL
    if (!isCons(result)) throw typeError(name, 'a list', result)
    result = step === 'A' ? result.car : result.cdr
  }
  return result
}

function nth(index: Value, value: Value): Value {
  if (typeof index !== 'bigint') throw typeError('nth', 'an integer', index)
  return items('nth', value)[Number(index)] ?? NIL
}

/** Rows of equal length over one or more lists, as `mapcar` walks them. */
function rows(name: string, lists: readonly Value[]): Value[][] {
  const columns = lists.map((l) => (Array.isArray(l) ? l : items(name, l)))
  const length = Math.min(...columns.map((c) => c.length))
  return Array.from({ length }, (_, i) => columns.map((c) => c[i]!))
}

function mapRows(name: string, args: readonly Value[], interp: Interp): Value[] {
  const apply = toFn(interp, args[0]!).apply
  return rows(name, args.slice(1)).map((row) => {
    tick(interp)
    return apply(row)
  })
}

function append(lists: readonly Value[]): Value {
  if (lists.length === 0) return NIL
  return lists.slice(0, -1).reduceRight<Value>((tail, l) => listFrom(items('append', l), tail), lists.at(-1)!)
}

function maplist(args: readonly Value[], interp: Interp): Value[] {
  const apply = toFn(interp, args[0]!).apply
  const result: Value[] = []
  for (let tail = args[1]!; isCons(tail); tail = tail.cdr) {
    tick(interp)
    result.push(apply([tail]))
  }
  return result
}

function copyTree(value: Value): Value {
  return isCons(value) ? cons(copyTree(value.car), copyTree(value.cdr)) : value
}

function find(interp: Interp, args: readonly Value[]): Value {
  const test = tester(interp, args.slice(2))
  for (const pair of items('assoc', args[1])) if (isCons(pair) && test(args[0]!, pair.car)) return pair
  return NIL
}

function getf(args: readonly Value[]): Value {
  const plist = items('getf', args[0])
  for (let i = 0; i + 1 < plist.length; i += 2) if (plist[i] === args[1]) return plist[i + 1]!
  return args[2] ?? NIL
}

function setOperation(interp: Interp, args: readonly Value[], keep: 'both' | 'first'): Value {
  const [a, b, ...options] = args
  const test = tester(interp, options)
  const key = keyFunction(interp, options)
  const other = items('intersection', b)
  return listFrom(
    items('intersection', a).filter((x) => other.some((y) => test(key(x), y)) === (keep === 'both')),
    NIL,
  )
}

function union(interp: Interp, args: readonly Value[]): Value {
  const [a, b, ...options] = args
  const test = tester(interp, options)
  const key = keyFunction(interp, options)
  const left = items('union', a)
  return listFrom([...left, ...items('union', b).filter((x) => !left.some((y) => test(key(x), y)))], NIL)
}

const paths: Record<string, Builtin> = {}
for (const path of [
  'A',
  'D',
  'AA',
  'AD',
  'DA',
  'DD',
  'AAA',
  'AAD',
  'ADA',
  'ADD',
  'DAA',
  'DAD',
  'DDA',
  'DDD',
  'ADDD',
  'DDDD',
]) {
  const name = `C${path}R`
  paths[name] = fn('list', 'A part of a list.', ([value]) => part(name.toLowerCase(), path, value!))
}
;['FIRST', 'SECOND', 'THIRD', 'FOURTH', 'FIFTH', 'SIXTH', 'SEVENTH', 'EIGHTH', 'NINTH', 'TENTH'].forEach(
  (name, index) => {
    paths[name] = fn('list', `Element ${index} of a list.`, ([value]) => nth(BigInt(index), value!))
  },
)

export const LIST_FUNCTIONS: Readonly<Record<string, Builtin>> = {
  ...paths,
  CONS: fn('car cdr', 'A pair.', ([a, b]) => cons(a!, b!)),
  LIST: fn('&rest items', 'A list of the items.', (args) => listFrom(args, NIL)),
  'LIST*': fn('item &rest items', 'A list whose tail is the last item.', (args) =>
    listFrom(args.slice(0, -1), args.at(-1)!),
  ),
  'MAKE-LIST': fn('size &key initial-element', 'A list of equal elements.', (args) =>
    listFrom(
      Array.from({ length: size('make-list', args[0]) }, () => keyArg(args, 'INITIAL-ELEMENT') ?? NIL),
      NIL,
    ),
  ),
  REST: fn('list', 'Everything but the first element.', ([value]) => part('rest', 'D', value!)),
  NTH: fn('n list', 'Element n, from 0.', ([n, value]) => nth(n!, value!)),
  NTHCDR: fn('n list', 'The list without its first n elements.', ([n, value]) => {
    let tail = value!
    for (let i = 0n; i < (n as bigint) && isCons(tail); i++) tail = tail.cdr
    return tail
  }),
  LAST: fn('list &optional n', 'The last conses of a list.', ([value, n]) => {
    const all = items('last', value)
    return listFrom(all.slice(Math.max(0, all.length - Number(n ?? 1n))), NIL)
  }),
  BUTLAST: fn('list &optional n', 'All but the last elements.', ([value, n]) => {
    const all = items('butlast', value)
    return listFrom(all.slice(0, Math.max(0, all.length - Number(n ?? 1n))), NIL)
  }),
  APPEND: fn('&rest lists', 'One list of all elements.', append),
  NCONC: fn('&rest lists', 'One list of all elements.', append),
  'COPY-LIST': fn('list', 'A copy of the spine.', ([value]) => listFrom(items('copy-list', value), NIL)),
  'COPY-TREE': fn('tree', 'A deep copy.', ([value]) => copyTree(value!)),
  MAPCAR: fn('function list &rest lists', 'The results for each element.', (args, interp) =>
    listFrom(mapRows('mapcar', args, interp), NIL),
  ),
  MAPC: fn('function list &rest lists', 'Calls for each element; the list.', (args, interp) => {
    mapRows('mapc', args, interp)
    return args[1]!
  }),
  MAPCAN: fn('function list &rest lists', 'The results, which are lists, appended.', (args, interp) =>
    append(mapRows('mapcan', args, interp)),
  ),
  MAPLIST: fn('function list', 'The results for each tail.', (args, interp) => listFrom(maplist(args, interp), NIL)),
  MAPCON: fn('function list', 'The results for each tail, appended.', (args, interp) => append(maplist(args, interp))),
  MEMBER: fn('item list &key test key', 'The tail that begins with the item.', (args, interp) =>
    memberOf(interp, args[0]!, args[1]!, args.slice(2)),
  ),
  ADJOIN: fn('item list &key test key', 'The list with the item in it.', (args, interp) =>
    memberOf(interp, args[0]!, args[1]!, args.slice(2)) === NIL ? cons(args[0]!, args[1]!) : args[1]!,
  ),
  ASSOC: fn('key alist &key test key', 'The pair whose car is the key.', (args, interp) => find(interp, args)),
  RASSOC: fn('value alist &key test key', 'The pair whose cdr is the value.', (args, interp) => {
    const test = tester(interp, args.slice(2))
    return items('rassoc', args[1]).find((pair) => isCons(pair) && test(args[0]!, pair.cdr)) ?? NIL
  }),
  ACONS: fn('key value alist', 'The list with one pair more.', ([k, v, l]) => cons(cons(k!, v!), l!)),
  PAIRLIS: fn('keys values', 'An association list.', ([k, v]) =>
    listFrom(
      rows('pairlis', [k!, v!]).map(([a, b]) => cons(a!, b!)),
      NIL,
    ),
  ),
  GETF: fn('plist key &optional default', 'A property.', getf),
  UNION: fn('list1 list2 &key test key', 'Elements of either list.', (args, interp) => union(interp, args)),
  INTERSECTION: fn('list1 list2 &key test key', 'Elements of both lists.', (args, interp) =>
    setOperation(interp, args, 'both'),
  ),
  'SET-DIFFERENCE': fn('list1 list2 &key test key', 'Elements of the first list only.', (args, interp) =>
    setOperation(interp, args, 'first'),
  ),
  CONSP: fn('value', 'Is it a cons?', ([v]) => bool(isCons(v!))),
  LISTP: fn('value', 'Is it a list?', ([v]) => bool(isCons(v!) || v === NIL)),
  ATOM: fn('value', 'Is it no cons?', ([v]) => bool(!isCons(v!))),
  NULL: fn('value', 'Is it nil?', ([v]) => bool(v === NIL)),
  ENDP: fn('list', 'Is the list empty?', ([v]) => bool(v === NIL)),
  'LIST-LENGTH': fn('list', 'Number of elements.', ([v]) => BigInt(items('list-length', v).length)),
  IDENTITY: fn('value', 'The value.', ([v]) => v!),
  FUNCALL: fn('function &rest args', 'Calls a function.', ([f, ...args], interp) => toFn(interp, f!).apply(args)),
  APPLY: fn('function &rest args', 'Calls a function; the last argument is a list.', ([f, ...args], interp) => {
    if (args.length === 0) throw new LispError('wrong-argument-count', '`apply` needs a list of arguments')
    return toFn(interp, f!).apply([...args.slice(0, -1), ...items('apply', args.at(-1))])
  }),
}
