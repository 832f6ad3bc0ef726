/** Functions on sequences: lists, strings and vectors alike. The result has the kind of the argument. */
import { bool, isChar, isCons, isSym, isTrue, listFrom, listItems, MAX_LIST, NIL, type Value } from '../datum.ts'
import { toFn } from '../eval.ts'
import { type Builtin, type Interp, LispError, tick, typeError } from '../interp.ts'
import { fn, items, keyArg, keyFunction, tester } from './list.ts'
import { char, text } from './string.ts'

export function elements(name: string, value: Value | undefined): Value[] {
  if ((typeof value === 'string' || Array.isArray(value)) && value.length > MAX_LIST) {
    throw new LispError('macro-limit', `\`${name}\`: a sequence of more than ${MAX_LIST} elements`)
  }
  if (typeof value === 'string') return [...value].map(char)
  if (Array.isArray(value)) return value
  const result = listItems(value ?? NIL)
  if (!result) throw typeError(name, 'a sequence', value ?? NIL)
  return result
}

/** A sequence of the kind of `model`. */
function like(model: Value, values: readonly Value[]): Value {
  if (typeof model === 'string') return values.map((v) => text('sequence', v)).join('')
  return Array.isArray(model) ? [...values] : listFrom(values, NIL)
}

function ofType(type: Value, values: readonly Value[]): Value {
  const name = isSym(type) ? type.name : ''
  if (name === 'STRING') return values.map((v) => (isChar(v) ? v.char : text('concatenate', v))).join('')
  if (name === 'LIST') return listFrom(values, NIL)
  if (name === 'VECTOR') return [...values]
  throw new LispError('unsupported', "the result type is `'string`, `'list` or `'vector`")
}

function bounds(args: readonly Value[], length: number): [number, number] {
  const start = keyArg(args, 'START') ?? 0n
  const end = keyArg(args, 'END') ?? NIL
  return [Number(start), end === NIL ? length : Number(end)]
}

const predicate = (interp: Interp, value: Value | undefined, options: readonly Value[]): ((v: Value) => boolean) => {
  const apply = toFn(interp, value!).apply
  const key = keyFunction(interp, options)
  return (v) => {
    tick(interp)
    return isTrue(apply([key(v)]))
  }
}

/** Which elements a searching function means: by item, or by predicate for the -IF forms. */
function matcher(interp: Interp, args: readonly Value[], mode: 'item' | 'if' | 'if-not'): (v: Value) => boolean {
  if (mode === 'item') {
    const test = tester(interp, args.slice(2))
    return (v) => test(args[0]!, v)
  }
  const holds = predicate(interp, args[0], args.slice(2))
  return mode === 'if' ? holds : (v) => !holds(v)
}

const MODES = { '': 'item', '-IF': 'if', '-IF-NOT': 'if-not' } as const
const families: Record<string, Builtin> = {}
for (const [suffix, mode] of Object.entries(MODES)) {
  const args = `${mode === 'item' ? 'item' : 'predicate'} sequence &key test key start end`
  families[`FIND${suffix}`] = fn(
    args,
    'The first such element.',
    (a, i) => elements('find', a[1]).find(matcher(i, a, mode)) ?? NIL,
  )
  families[`POSITION${suffix}`] = fn(args, 'Index of the first such element.', (a, i) => {
    const all = elements('position', a[1])
    const [start, end] = bounds(a.slice(2), all.length)
    const match = matcher(i, a, mode)
    const at = all.findIndex((v, index) => index >= start && index < end && match(v))
    return at < 0 ? NIL : BigInt(at)
  })
  families[`COUNT${suffix}`] = fn(args, 'Number of such elements.', (a, i) =>
    BigInt(elements('count', a[1]).filter(matcher(i, a, mode)).length),
  )
  families[`REMOVE${suffix}`] = fn(args, 'The sequence without such elements.', (a, i) => {
    const match = matcher(i, a, mode)
    return like(
      a[1]!,
      elements('remove', a[1]).filter((v) => !match(v)),
    )
  })
  families[`DELETE${suffix}`] = families[`REMOVE${suffix}`]!
}
for (const suffix of ['-IF', '-IF-NOT'] as const) {
  families[`MEMBER${suffix}`] = fn('predicate list &key key', 'The tail that begins with such an element.', (a, i) => {
    const match = matcher(i, a, MODES[suffix])
    let tail = a[1]!
    while (isCons(tail) && !match(tail.car)) tail = tail.cdr
    return tail
  })
}

const quantifier = (name: string, run: (rows: Value[][], holds: (row: Value[]) => Value) => Value): Builtin =>
  fn('predicate sequence &rest sequences', 'Over the elements.', ([f, ...sequences], interp) => {
    const apply = toFn(interp, f!).apply
    const columns = sequences.map((s) => elements(name, s))
    const length = Math.min(...columns.map((c) => c.length))
    return run(
      Array.from({ length }, (_, i) => columns.map((c) => c[i]!)),
      (row) => apply(row),
    )
  })

function reduce(args: readonly Value[], interp: Interp): Value {
  const apply = toFn(interp, args[0]!).apply
  const options = args.slice(2)
  const key = keyFunction(interp, options)
  const all = elements('reduce', args[1]).map(key)
  const initial = keyArg(options, 'INITIAL-VALUE')
  const fromEnd = isTrue(keyArg(options, 'FROM-END') ?? NIL)
  if (fromEnd) all.reverse()
  if (initial !== undefined) all.unshift(initial)
  if (all.length === 0) return apply([])
  return all.reduce((a, b) => apply(fromEnd ? [b, a] : [a, b]))
}

function sort(args: readonly Value[], interp: Interp): Value {
  const less = toFn(interp, args[1]!).apply
  const key = keyFunction(interp, args.slice(2))
  const before = (a: Value, b: Value): boolean => isTrue(less([key(a), key(b)]))
  return like(
    args[0]!,
    [...elements('sort', args[0])].sort((a, b) => (before(a, b) ? -1 : before(b, a) ? 1 : 0)),
  )
}

function subseq(args: readonly Value[]): Value {
  const all = elements('subseq', args[0])
  const start = Number(args[1])
  const end = args[2] === undefined || args[2] === NIL ? all.length : Number(args[2])
  if (start < 0 || end > all.length || start > end) {
    throw new LispError('index-out-of-range', `\`subseq\`: ${start} to ${end} is outside a sequence of ${all.length}`)
  }
  return like(args[0]!, all.slice(start, end))
}

function removeDuplicates(args: readonly Value[], interp: Interp): Value {
  const test = tester(interp, args.slice(1))
  const key = keyFunction(interp, args.slice(1))
  const all = elements('remove-duplicates', args[0])
  // Of equal elements the last one stays, as in Common Lisp.
  return like(
    args[0]!,
    all.filter((v, i) => !all.slice(i + 1).some((w) => test(key(v), w))),
  )
}

function elt(args: readonly Value[]): Value {
  const all = elements('elt', args[0])
  const found = all[Number(args[1])]
  if (found === undefined)
    throw new LispError('index-out-of-range', `index ${String(args[1])} is outside a sequence of ${all.length}`)
  return found
}

function search(args: readonly Value[]): Value {
  if (typeof args[0] === 'string' && typeof args[1] === 'string') {
    const at = args[1].indexOf(args[0])
    return at < 0 ? NIL : BigInt(at)
  }
  throw typeError('search', 'two strings', args[0]!)
}

export const SEQUENCE_FUNCTIONS: Readonly<Record<string, Builtin>> = {
  ...families,
  LENGTH: fn('sequence', 'Number of elements.', ([s]) => BigInt(elements('length', s).length)),
  REVERSE: fn('sequence', 'In opposite order.', ([s]) => like(s!, [...elements('reverse', s)].reverse())),
  NREVERSE: fn('sequence', 'In opposite order.', ([s]) => like(s!, [...elements('nreverse', s)].reverse())),
  ELT: fn('sequence index', 'An element.', elt),
  AREF: fn('vector index', 'An element.', elt),
  SVREF: fn('vector index', 'An element.', elt),
  SUBSEQ: fn('sequence start &optional end', 'A part.', subseq),
  CONCATENATE: fn('type &rest sequences', 'One sequence of all elements.', ([type, ...sequences]) =>
    ofType(
      type!,
      sequences.flatMap((s) => elements('concatenate', s)),
    ),
  ),
  COERCE: fn('sequence type', 'The same elements in another kind of sequence.', ([s, type]) =>
    ofType(type!, elements('coerce', s)),
  ),
  MAP: fn(
    'type function sequence &rest sequences',
    'The results for each element.',
    ([type, f, ...sequences], interp) => {
      const columns = sequences.map((s) => elements('map', s))
      const length = Math.min(...columns.map((c) => c.length))
      const results = Array.from({ length }, (_, i) => toFn(interp, f!).apply(columns.map((c) => c[i]!)))
      return type === NIL ? NIL : ofType(type!, results)
    },
  ),
  REDUCE: fn('function sequence &key initial-value from-end key', 'Combines all elements.', reduce),
  SORT: fn('sequence predicate &key key', 'Sorted; equal elements keep their order.', sort),
  'STABLE-SORT': fn('sequence predicate &key key', 'Sorted; equal elements keep their order.', sort),
  'REMOVE-DUPLICATES': fn('sequence &key test key', 'Without repeats.', removeDuplicates),
  'COPY-SEQ': fn('sequence', 'A copy.', ([s]) => like(s!, elements('copy-seq', s))),
  SEARCH: fn('string1 string2', 'Where the first occurs in the second.', search),
  SUBSTITUTE: fn('new old sequence', 'With one element in place of another.', ([to, from, s], interp) => {
    const test = tester(interp, [])
    return like(
      s!,
      elements('substitute', s).map((v) => (test(from!, v) ? to! : v)),
    )
  }),
  EVERY: quantifier('every', (rows, holds) => bool(rows.every((row) => isTrue(holds(row))))),
  SOME: quantifier('some', (rows, holds) => {
    for (const row of rows) {
      const result = holds(row)
      if (isTrue(result)) return result
    }
    return NIL
  }),
  NOTANY: quantifier('notany', (rows, holds) => bool(!rows.some((row) => isTrue(holds(row))))),
  NOTEVERY: quantifier('notevery', (rows, holds) => bool(!rows.every((row) => isTrue(holds(row))))),
  VECTOR: fn('&rest items', 'A vector.', (args) => [...args]),
  VECTORP: fn('value', 'Is it a vector?', ([v]) => bool(Array.isArray(v))),
  'MAKE-ARRAY': fn('size &key initial-element initial-contents element-type', 'A vector.', (args) => {
    const contents = keyArg(args.slice(1), 'INITIAL-CONTENTS')
    if (contents !== undefined) return [...elements('make-array', contents)]
    const size = isCons(args[0]!) ? items('make-array', args[0])[0] : args[0]
    if (typeof size !== 'bigint' || size < 0n || size > 1_000_000n) throw typeError('make-array', 'a size', size ?? NIL)
    return Array.from({ length: Number(size) }, () => keyArg(args.slice(1), 'INITIAL-ELEMENT') ?? NIL)
  }),
  COMPLEMENT: fn('predicate', 'The opposite predicate.', ([f], interp) => {
    const apply = toFn(interp, f!).apply
    return { kind: 'fn', name: 'COMPLEMENT', apply: (args) => bool(!isTrue(apply(args))) }
  }),
  CONSTANTLY: fn('value', 'A function that always has the value.', ([v]) => ({
    kind: 'fn',
    name: 'CONSTANTLY',
    apply: () => v!,
  })),
}
