/**
 * From the live values of an evaluated module to the plain data of `capture.ts`. Runs in the realm of the modules, after
 * they have run; reads captures by their thunks. One live object becomes one data object, cycles included.
 */
import type { Captured, CapturedFunction, EvaluatedModule } from './capture.ts'
import { defOf, describe } from './define.ts'
import type { LiveObject } from './object.ts'
import { type Origin, originOf } from './origin.ts'
import type { ObjectDef, ProgramDef, SubprogDef } from './program-def.ts'
import type { Handler, LiveProgram } from './programs.ts'
import type { LiveSubprog } from './subprog.ts'

/** A problem of the module that has no place in its text. */
export class SnapshotError extends Error {}

/** What a module namespace exports, as data; the sources are the caller's to add. */
export function snapshotModule(namespace: object): Pick<EvaluatedModule, 'object' | 'exports'> {
  const snapshot = new Snapshot()
  const { default: live, ...named } = namespace as { default?: unknown } & Record<string, unknown>
  if (live === undefined) {
    throw new SnapshotError('the file has no default export: `export default object({ programs: { ... } })` is needed')
  }
  const object = snapshot.take(live)
  if (object.kind !== 'objectDef') {
    throw new SnapshotError(`the default export must be object({ ... }), but it is ${describe(live)}`)
  }
  const exports = new Map(Object.entries(named).map(([name, value]) => [name, snapshot.take(value)]))
  return { object, exports }
}

/** Any live value as data; for tests of the lowering, which have no module. */
export function snapshotValue(value: unknown): Captured {
  return new Snapshot().take(value)
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

class Snapshot {
  readonly #seen = new Map<object, Captured>()

  take(value: unknown): Captured {
    switch (typeof value) {
      case 'number':
        return { kind: 'number', value }
      case 'bigint':
        return { kind: 'bigint', value }
      case 'boolean':
        return { kind: 'boolean', value }
      case 'string':
        return { kind: 'string', value }
      case 'undefined':
        return { kind: 'undefined' }
      case 'symbol':
        return { kind: 'opaque', what: 'a symbol' }
      default:
        return value === null ? { kind: 'null' } : this.#object(value as object) // an object or a function
    }
  }

  #object(value: object): Captured {
    const def = defOf(value)
    const known = this.#seen.get(def ?? value)
    if (known) return known
    if (def) return this.#definition(def)
    if (typeof value === 'function') return this.#function(value)
    if (!Array.isArray(value)) return this.#plainObject(value)
    const items: Captured[] = []
    const array: Captured = { kind: 'array', items }
    this.#seen.set(value, array)
    for (const item of value) items.push(this.take(item))
    return array
  }

  /** Definitions without functions are data already; the same definition stays the same object. */
  #definition(def: { readonly kind: string }): Captured {
    switch (def.kind) {
      case 'program':
        return this.#withHandler<ProgramDef>(def as LiveProgram)
      case 'subprog':
        return this.#withHandler<SubprogDef>(def as LiveSubprog)
      case 'objectDef':
        return this.#objectDef(def as LiveObject)
      default:
        this.#seen.set(def, def as Captured) // the constructors make no other kinds
        return def as Captured
    }
  }

  #withHandler<D extends ProgramDef | SubprogDef>(live: Omit<D, 'handler'> & { readonly handler: Handler }): D {
    const known = this.#seen.get(live)
    if (known) return known as unknown as D // made from the same definition
    const { handler, ...rest } = live
    const def = { ...rest } as unknown as Mutable<D>
    // Noted first: a subprog may capture itself.
    this.#seen.set(live, def as unknown as Captured)
    def.handler = this.#handler(handler, live as { kind: string; section?: string })
    return def as D
  }

  #handler(handler: Handler, of: { readonly kind: string; readonly section?: string }): CapturedFunction {
    const fn = this.take(handler)
    if (fn.kind === 'function') return fn
    const what = of.section === undefined ? 'a subprog' : `a program of section '${of.section}'`
    throw new SnapshotError(
      `the handler of ${what} is ${fn.kind === 'opaque' ? fn.what : `of kind ${fn.kind}`}: it must be a function that is ` +
        'written in a .bpf.ts file or in a module that one imports by a relative path',
    )
  }

  #objectDef(live: LiveObject): ObjectDef {
    const programs = new Map<string, ProgramDef>()
    const def: ObjectDef = { ...live, programs }
    this.#seen.set(live, def)
    for (const [key, program] of live.programs) programs.set(key, this.#withHandler<ProgramDef>(program))
    return def
  }

  #function(value: object): Captured {
    const origin = originOf(value)
    if (!origin) {
      const opaque: Captured = { kind: 'opaque', what: foreignFunction(value) }
      this.#seen.set(value, opaque)
      return opaque
    }
    const captures = new Map<string, Captured>()
    const { file, start, end, name, mutated = [] } = origin
    const fn: CapturedFunction = { kind: 'function', file, start, end, name, captures, mutated }
    this.#seen.set(value, fn)
    for (const [captured, read] of Object.entries(origin.captures)) captures.set(captured, this.#read(read))
    return fn
  }

  #read(read: Origin['captures'][string]): Captured {
    try {
      return this.take(read())
    } catch (error) {
      if (error instanceof SnapshotError) throw error
      return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
    }
  }

  #plainObject(value: object): Captured {
    const prototype = Object.getPrototypeOf(value)
    const isModule = Object.prototype.toString.call(value) === '[object Module]'
    if (prototype !== null && prototype !== Object.prototype && !isModule) {
      const opaque: Captured = { kind: 'opaque', what: `an instance of ${prototype.constructor?.name || 'a class'}` }
      this.#seen.set(value, opaque)
      return opaque
    }
    const entries = new Map<string, Captured>()
    const object: Captured = { kind: 'object', entries }
    this.#seen.set(value, object)
    // A getter may throw (a binding of a module that has not run): then only this entry is lost.
    for (const key of Object.keys(value))
      entries.set(
        key,
        this.#read(() => (value as Record<string, unknown>)[key]),
      )
    return object
  }
}

function foreignFunction(value: object): string {
  const text = Function.prototype.toString.call(value)
  const name = (value as { name?: string }).name || 'anonymous'
  if (/^class\b/.test(text)) return `the class ${name}`
  return /\{\s*\[native code\]\s*\}$/.test(text)
    ? `the built-in function ${name}`
    : `the function ${name} of a module that is not compiled for the kernel`
}
