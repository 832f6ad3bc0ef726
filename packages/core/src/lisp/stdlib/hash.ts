/** Hash tables. Keys are compared by `eql`, or by `equal` when the table says so. */
import { type HashTable, isChar, isHash, isSym, keyword, listFrom, NIL, type Value } from '../datum.ts'
import { toFn } from '../eval.ts'
import { type Builtin, LispError, typeError } from '../interp.ts'
import { printDatum } from '../print.ts'

/** What a JS Map can compare: structure as text for `equal`, identity otherwise. */
export function hashKey(key: Value, test: 'eql' | 'equal'): unknown {
  if (isChar(key)) return `char ${key.char}`
  if (typeof key !== 'object') return key
  return test === 'equal' && !isSym(key) ? `data ${printDatum(key)}` : key
}

function table(name: string, value: Value | undefined): HashTable {
  if (value === undefined || !isHash(value)) throw typeError(name, 'a hash table', value ?? NIL)
  return value
}

export const HASH_FUNCTIONS: Readonly<Record<string, Builtin>> = {
  'MAKE-HASH-TABLE': {
    args: '&key test size',
    doc: 'A new table.',
    call: (args) => {
      const at = args.indexOf(keyword('TEST'))
      const test = at >= 0 ? args[at + 1] : undefined
      const name =
        test === undefined
          ? 'EQL'
          : isSym(test)
            ? test.name
            : 'name' in (test as object)
              ? (test as { name: string }).name
              : ''
      if (!['EQ', 'EQL', 'EQUAL'].includes(name))
        throw new LispError('unsupported', 'a hash table test is `eq`, `eql` or `equal`')
      return { kind: 'hash', test: name === 'EQUAL' ? 'equal' : 'eql', entries: new Map() }
    },
  },
  GETHASH: {
    args: 'key table &optional default',
    doc: 'The entry of a key, and whether there is one.',
    call: (args, interp) => {
      const hash = table('gethash', args[1])
      const entry = hash.entries.get(hashKey(args[0]!, hash.test))
      const value = entry ? entry[1] : (args[2] ?? NIL)
      interp.values = [value, entry ? keyword('T') : NIL]
      return value
    },
  },
  REMHASH: {
    args: 'key table',
    doc: 'Removes an entry.',
    call: ([key, hash]) => {
      const t = table('remhash', hash)
      return t.entries.delete(hashKey(key!, t.test)) ? keyword('T') : NIL
    },
  },
  CLRHASH: {
    args: 'table',
    doc: 'Removes all entries.',
    call: ([hash]) => {
      table('clrhash', hash).entries.clear()
      return hash!
    },
  },
  'HASH-TABLE-COUNT': {
    args: 'table',
    doc: 'Number of entries.',
    call: ([hash]) => BigInt(table('hash-table-count', hash).entries.size),
  },
  MAPHASH: {
    args: 'function table',
    doc: 'Calls the function with each key and value.',
    call: ([fn, hash], interp) => {
      for (const [key, value] of [...table('maphash', hash).entries.values()]) toFn(interp, fn!).apply([key, value])
      return NIL
    },
  },
  'HASH-TABLE-KEYS': {
    args: 'table',
    doc: 'List of the keys, in order of insertion.',
    call: ([hash]) =>
      listFrom(
        [...table('hash-table-keys', hash).entries.values()].map(([key]) => key),
        NIL,
      ),
  },
  'HASH-TABLE-VALUES': {
    args: 'table',
    doc: 'List of the values, in order of insertion.',
    call: ([hash]) =>
      listFrom(
        [...table('hash-table-values', hash).entries.values()].map(([, value]) => value),
        NIL,
      ),
  },
}
