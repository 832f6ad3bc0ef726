/**
 * Structs, maps and macros of a random program. The names are fixed, so that a body can be made without looking back;
 * shapes and sizes are drawn.
 */
import type { Random } from '../support/random.ts'
import type { Sexp } from './sexp.ts'

export const SCALARS = ['u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64'] as const
export type Scalar = (typeof SCALARS)[number]
export const bytesOf = (type: Scalar): number => Number(type.slice(1)) / 8

export interface Field {
  readonly name: string
  readonly type: Scalar
  /** Array length; absent: a scalar. */
  readonly count?: number
}
export interface Struct {
  readonly name: string
  readonly fields: readonly Field[]
  readonly size: number
}

export interface FuzzMap {
  readonly name: string
  readonly type: string
  /** A struct, or the size of an integer key. */
  readonly key: Struct | number
  readonly value: Struct | number
  readonly entries: number
}

export interface Declarations {
  readonly structs: readonly Struct[]
  readonly maps: readonly FuzzMap[]
  readonly forms: readonly Sexp[]
}

/** Record of the ring buffer `events`; prefix of the LPM trie `routes`. */
const FIXED: readonly Struct[] = [
  struct('event', [
    { name: 'tag', type: 'u32' },
    { name: 'port', type: 'u16' },
    { name: 'kind', type: 'u8' },
    { name: 'stamp', type: 'u64' },
  ]),
  struct('prefix', [
    { name: 'length', type: 'u32' },
    { name: 'address', type: 'u32' },
  ]),
]

const MACROS: readonly Sexp[] = [
  ['defconstant', '+limit+', '5'],
  ['defconstant', '+mask+', ['logior', '#xf0', '7']],
  ['defmacro', 'twice', ['x'], '`(+ ,x ,x)'],
  ['defmacro', 'clamp', ['x', 'least', 'most'], '`(max ,least (min ,x ,most))'],
  ['defmacro', 'sum-of', ['&rest', 'terms'], "(reduce (lambda (a b) (list '+ a b)) terms)"],
  ['defmacro', 'bump', ['index'], '`(incf (getmap counts ,index))'],
  ['defmacro', 'one-of', ['value', '&rest', 'choices'], '`(or ,@(mapcar (lambda (c) `(= ,value ,c)) choices))'],
  ['defmacro', 'leave-if', ['test', 'verdict'], '`(when ,test (return ,verdict))'],
]

/** Integer globals: in .bss, in .data, and what user space may set. */
const GLOBALS: readonly Sexp[] = [
  ['defglobal', 'total', 'u64'],
  ['defglobal', 'small', 'i16', '-7'],
  ['defglobal', 'half', 'u32', '90'],
  ['defglobal', 'row', ['array', 'u32', '4']],
  ['defrodata', 'scale', 'u32', '3'],
]
export const GLOBAL_PLACES: readonly string[] = ['total', 'small', 'half']

export function declarations(random: Random): Declarations {
  const structs = [...FIXED, randomStruct(random, 'flow', 4), randomStruct(random, 'state', 6)]
  const [, prefix, flow, state] = structs as [Struct, Struct, Struct, Struct]
  const wide = random.oneIn(3) ? 4 : 8
  const maps: FuzzMap[] = [
    { name: 'counts', type: 'array', key: 4, value: 8, entries: 1 + random.below(4) },
    { name: 'single', type: 'array', key: 4, value: wide, entries: 1 },
    { name: 'table', type: 'hash', key: 4, value: 8, entries: random.oneIn(4) ? 4 : 64 },
    { name: 'ports', type: 'hash', key: 2, value: random.pick([1, 2, 4]), entries: 64 },
    { name: 'flows', type: 'hash', key: flow, value: random.pick([4, 8]), entries: 64 },
    { name: 'states', type: 'hash', key: random.pick([1, 4, 8]), value: state, entries: 64 },
    { name: 'slots', type: 'array', key: 4, value: state, entries: 1 + random.below(3) },
    { name: 'recent', type: 'lru-hash', key: 4, value: 8, entries: 1024 },
    { name: 'routes', type: 'lpm-trie', key: prefix, value: 4, entries: 32 },
    { name: 'per-cpu', type: 'percpu-array', key: 4, value: 8, entries: 4 },
    { name: 'per-cpu-hash', type: 'percpu-hash', key: 4, value: 8, entries: 64 },
  ]
  const forms: Sexp[] = [
    ...MACROS,
    ...GLOBALS,
    ...structs.map(structForm),
    ...maps.map(mapForm),
    ['defmap', 'events', ':type', ':ringbuf', ':max-entries', '65536'],
    ['defmap', 'queue', ':type', ':queue', ':value-size', '8', ':max-entries', '8'],
    ['defmap', 'programs', ':type', ':prog-array', ':key-size', '4', ':value-size', '4', ':max-entries', '4'],
  ]
  return { structs, maps, forms }
}

function randomStruct(random: Random, name: string, most: number): Struct {
  const fields = Array.from({ length: 2 + random.below(most - 1) }, (_, i): Field => {
    const type = random.pick(SCALARS)
    return random.oneIn(5)
      ? { name: `f${i}`, type, count: 2 + random.below(3) }
      : { name: `f${i}`, type: type === 'i64' ? 'u32' : type }
  })
  return struct(name, fields)
}

/** Size in C layout. */
function struct(name: string, fields: readonly Field[]): Struct {
  let size = 0
  let align = 1
  for (const { type, count } of fields) {
    const bytes = bytesOf(type)
    size = Math.ceil(size / bytes) * bytes + bytes * (count ?? 1)
    align = Math.max(align, bytes)
  }
  return { name, fields, size: Math.ceil(size / align) * align }
}

function structForm({ name, fields }: Struct): Sexp {
  const types = fields.map(({ name, type, count }) => [name, count ? ['array', type, String(count)] : type])
  return ['defstruct', name, ...types]
}

function mapForm({ name, type, key, value, entries }: FuzzMap): Sexp {
  const side = (which: string, what: Struct | number): Sexp[] =>
    typeof what === 'number' ? [`:${which}-size`, String(what)] : [`:${which}-type`, what.name]
  const flags = type === 'lpm-trie' ? [':map-flags', '1'] : []
  const sides = [...side('key', key), ...side('value', value)]
  return ['defmap', name, ':type', `:${type}`, ...sides, ':max-entries', String(entries), ...flags]
}
