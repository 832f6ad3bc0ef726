/** What all handles share: the object's state, codecs for untyped keys and values, printing in console.log. */
import type { MapSpec } from '../object/object.ts'
import type { MapBackend } from './backend.ts'
import type { Codec } from './codec.ts'
import { checkBytes } from './codec-checks.ts'
import type { MapHandle } from './types.ts'

/** Shared by all handles of one object. */
export interface ObjectState {
  /** Module name, for messages. */
  readonly name: string
  closed: boolean
}

export class ClosedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ClosedError'
  }
}

/** Node's hook for console.log; a plain symbol elsewhere. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never
export type Inspect = (value: unknown, options?: unknown) => string

/** Entries that console.log shows. */
const SHOWN = 100

/** Raw bytes, when neither the declaration nor its type says more. */
export function bytesCodec(size: number, name: string): Codec<Uint8Array> {
  return {
    size,
    // `new`, as the slice of a Node Buffer would share its memory.
    decode: (bytes, offset = 0) => new Uint8Array(bytes.subarray(offset, offset + size)),
    encode(value, out = new Uint8Array(size), offset = 0) {
      out.set(checkBytes(value, size, name), offset)
      return out
    },
  }
}

export interface MapInit<K, V> {
  readonly backend: MapBackend
  readonly state: ObjectState
  readonly key: Codec<K>
  readonly value: Codec<V>
}

/** Base of the map handles. */
export abstract class BaseMap implements MapHandle {
  protected readonly backend: MapBackend
  protected readonly state: ObjectState

  constructor(backend: MapBackend, state: ObjectState) {
    this.backend = backend
    this.state = state
  }

  get spec(): MapSpec {
    return this.backend.spec
  }
  get name(): string {
    return this.spec.name
  }
  get type(): string {
    return this.spec.type
  }
  get keySize(): number {
    return this.spec.keySize
  }
  get valueSize(): number {
    return this.spec.valueSize
  }
  get maxEntries(): number {
    return this.spec.maxEntries
  }
  get fd(): number | undefined {
    return this.backend.fd
  }

  protected checkOpen(): void {
    if (this.state.closed) throw new ClosedError(`${this.state.name}: map ${this.name}: the object is closed`)
  }

  /** Name of the public type; `constructor.name` does not survive minifiers. */
  protected abstract readonly label: string
  /** What stands between the braces in console.log. */
  protected abstract content(): unknown

  [INSPECT](_depth: number, options: unknown, inspect: Inspect): string {
    const head = `${this.label} ${this.name}`
    if (this.state.closed) return `${head} <closed>`
    return `${head} ${inspect(this.content(), options).replace(/^Map/, '')}`
  }
}

/** The first entries, as a Map that console.log prints; for large maps it says that there are more. */
export function preview(entries: Iterable<readonly [unknown, unknown]>): Map<unknown, unknown> {
  const shown = new Map<unknown, unknown>()
  for (const [key, value] of entries) {
    if (shown.size >= SHOWN) {
      shown.set('...', 'more entries')
      break
    }
    shown.set(key, value)
  }
  return shown
}

/** Keys in the backend's order, each once, even when entries change during the walk. */
export function* walkKeys(backend: MapBackend): Generator<Uint8Array> {
  const seen = new Set<string>()
  let key = backend.nextKey(undefined)
  while (key !== undefined) {
    const id = String.fromCharCode(...key)
    // A key that vanished makes the walk begin again; what was seen then ends it.
    if (seen.has(id)) return
    seen.add(id)
    // Asked before the caller can delete this one.
    const next = backend.nextKey(key)
    yield key
    key = next
  }
}

/** Entries at once where the backend can, else key by key; entries that vanish meanwhile are left out. */
export function* walkEntries(backend: MapBackend): Generator<readonly [Uint8Array, Uint8Array]> {
  const batch = backend.entries?.()
  if (batch !== undefined) {
    yield* batch
    return
  }
  for (const key of walkKeys(backend)) {
    const value = backend.lookup(key)
    if (value !== undefined) yield [key, value]
  }
}
