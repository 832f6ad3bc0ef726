/** Where the functions of evaluated modules come from: the transform calls `noteFunction` around each of them. */
import { nameDef } from './define.ts'

export interface Origin {
  readonly file: string
  readonly start: number
  readonly end: number
  readonly name: string
  readonly captures: Readonly<Record<string, () => unknown>>
  readonly mutated?: readonly string[]
}

/** One registry for all copies of this package in a realm: the modules and the evaluator may have different ones. */
const KEY: symbol = Symbol.for('unplugin-bpf.origins')
const realm = globalThis as unknown as Record<symbol, WeakMap<object, Origin> | undefined> // a property of our own

function origins(): WeakMap<object, Origin> {
  realm[KEY] ??= new WeakMap()
  return realm[KEY]
}

/** Gives back the function. Each evaluation of a function expression makes a new function with captures of its own. */
export function noteFunction<F extends object>(fn: F, origin: Origin): F {
  origins().set(fn, origin)
  return fn
}

export function originOf(fn: object): Origin | undefined {
  return origins().get(fn)
}

/** Gives the value of a variable its name, when it is a struct, map or global that has none; gives back the value. */
export function noteName<T>(value: T, name: string): T {
  nameDef(value, name)
  return value
}
