/** The loaded object: typed handles over any backend, made from what the generated module says about names and types. */
import { assertNever } from '../diag/diagnostic.ts'
import { MAP_TYPES, type MapTypeName, type MapTypeRow } from '../tables/map-types.ts'
import { ArrayMapHandle, PerCpuArrayMapHandle } from './array-handle.ts'
import type { MapBackend, ObjectBackend, ProgramBackend } from './backend.ts'
import { type Codec, codecFor } from './codec.ts'
import { createGlobals, type GlobalsMeta } from './globals-handle.ts'
import { bytesCodec, ClosedError, INSPECT, type Inspect, type MapInit, type ObjectState } from './handle.ts'
import { HashMapHandle, PerCpuHashMapHandle } from './hash-handle.ts'
import { lpmKeyCodec } from './lpm-key.ts'
import { nearName } from './near.ts'
import { ProgArrayMapHandle } from './prog-array-handle.ts'
import { ProgramHandle } from './program-handle.ts'
import { RingBufferHandle } from './ring-handle.ts'
import type { AnyMap, LoadedObject, MapHandle, ModuleShape, ProgramHandle as ProgramHandleType } from './types.ts'

/** What a generated module knows of a map. */
export interface MapMeta {
  /** ELF name. */
  readonly name: string
  /** Kernel's name of the map type. */
  readonly kind: string
  /** Absent: raw bytes (array keys are always numbers). */
  // biome-ignore lint/suspicious/noExplicitAny: the types are in the generated .d.ts
  readonly key?: Codec<any> | undefined
  /** Ring buffers: the record. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly value?: Codec<any> | undefined
}

export interface ProgramMeta {
  readonly name: string
  readonly section: string
  readonly type: string
}

export interface ObjectMeta {
  readonly name: string
  readonly maps: Readonly<Record<string, MapMeta>>
  readonly programs: Readonly<Record<string, ProgramMeta>>
  /** Absent: none. */
  readonly globals?: GlobalsMeta | undefined
}

const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose)

export function createHandles<S extends ModuleShape>(backend: ObjectBackend, meta: ObjectMeta): LoadedObject<S> {
  return new Loaded(backend, meta) as unknown as LoadedObject<S> // keys and types are those of the generated .d.ts
}

class Loaded {
  readonly name: string
  readonly maps: Readonly<Record<string, MapHandle>>
  readonly programs: Readonly<Record<string, ProgramHandle>>
  readonly globals: object
  readonly #backend: ObjectBackend
  readonly #state: ObjectState
  readonly #mapsByName = new Map<string, MapHandle>()
  readonly #programsByName = new Map<string, ProgramHandle>()
  readonly #programBackends = new Map<ProgramHandleType, ProgramBackend>()
  readonly #programKeys: ReadonlyMap<string, string>

  constructor(backend: ObjectBackend, meta: ObjectMeta) {
    this.name = meta.name
    this.#backend = backend
    this.#state = { name: meta.name, closed: false }
    this.#programKeys = new Map(Object.entries(meta.programs).map(([key, { name }]) => [key, name]))
    for (const [name, program] of backend.programs) {
      const handle = new ProgramHandle(program, this.#state)
      this.#programsByName.set(name, handle)
      this.#programBackends.set(handle, program)
    }
    const metaByName = new Map(Object.values(meta.maps).map((map) => [map.name, map]))
    for (const [name, map] of backend.maps) {
      this.#mapsByName.set(name, this.#createMap(map, metaByName.get(name)))
    }
    this.maps = keyed(meta.maps, (name) => this.map(name) as MapHandle)
    this.globals = createGlobals(backend, meta.globals ?? {}, this.#state)
    this.programs = keyed(meta.programs, (name) => this.program(name))
  }

  get backend() {
    return this.#backend.kind
  }
  get closed(): boolean {
    return this.#state.closed
  }
  get raw(): ObjectBackend {
    return this.#backend
  }

  map(name: string): AnyMap {
    this.#checkOpen()
    const map = this.#mapsByName.get(name)
    if (map === undefined) throw unknownName(this.name, 'map', name, this.#mapsByName.keys())
    return map as AnyMap
  }

  program(name: string): ProgramHandle {
    this.#checkOpen()
    const program = this.#programsByName.get(name)
    if (program === undefined) throw unknownName(this.name, 'program', name, this.#programsByName.keys())
    return program
  }

  close(): void {
    if (this.#state.closed) return
    this.#state.closed = true
    for (const map of this.#mapsByName.values()) if (map instanceof RingBufferHandle) map.end()
    this.#backend.close()
  }

  [DISPOSE](): void {
    this.close()
  }

  [INSPECT](_depth: number, options: unknown, inspect: Inspect): string {
    const state = this.closed ? 'closed' : this.backend
    const { maps, programs } = this
    return `LoadedObject ${this.name} (${state}) ${this.closed ? '' : inspect({ maps, programs }, options)}`.trimEnd()
  }

  #checkOpen(): void {
    if (this.#state.closed) throw new ClosedError(`${this.name}: the object is closed`)
  }

  #findProgram(program: ProgramHandleType | string): ProgramBackend {
    const handle = typeof program === 'string' ? this.program(this.#programKeys.get(program) ?? program) : program
    const backend = this.#programBackends.get(handle)
    if (backend === undefined) throw new TypeError(`${this.name}: program ${handle.name} belongs to another object`)
    return backend
  }

  #createMap(backend: MapBackend, meta: MapMeta | undefined): MapHandle {
    const { spec } = backend
    const state = this.#state
    const row: MapTypeRow | undefined = Object.hasOwn(MAP_TYPES, spec.type)
      ? MAP_TYPES[spec.type as MapTypeName]
      : undefined
    const value = checkSize(spec.name, 'value', meta?.value ?? bytesCodec(spec.valueSize, spec.name), spec.valueSize)
    const keyCodec = meta?.key ?? bytesCodec(spec.keySize, `${spec.name} key`)
    const init: MapInit<unknown, unknown> = { backend, state, value, key: keyCodec }
    const indexed: MapInit<number, unknown> = { ...init, key: INDEX }
    switch (row?.handle) {
      case 'array':
        return new ArrayMapHandle(indexed)
      case 'perCpuArray':
        return new PerCpuArrayMapHandle(indexed)
      case 'perCpuHash':
        return new PerCpuHashMapHandle({ ...init, key: checkSize(spec.name, 'key', keyCodec, spec.keySize) })
      case 'lpm':
        return new HashMapHandle({ ...init, key: meta?.key ?? lpmKeyCodec(spec.keySize, `${spec.name} key`) })
      case 'ringbuf':
        return new RingBufferHandle({ backend, state, record: meta?.value ?? WHOLE_RECORD })
      case 'progArray':
        return new ProgArrayMapHandle({ backend, state, findProgram: (program) => this.#findProgram(program) })
      case 'hash':
      case 'other':
      case undefined:
        return new HashMapHandle({ ...init, key: checkSize(spec.name, 'key', keyCodec, spec.keySize) })
      default:
        return assertNever(row!.handle as never)
    }
  }
}

const INDEX: Codec<number> = codecFor<number>({ kind: 'int', bits: 32, signed: false }, 'index')

/** Records of any length, for ring buffers without a record type. */
const WHOLE_RECORD: Codec<Uint8Array> = {
  size: 0,
  decode: (bytes) => new Uint8Array(bytes),
  encode: (value) => new Uint8Array(value),
}

/** A codec of another size than the map's is a module that does not belong to its ELF object. */
function checkSize(map: string, what: string, codec: Codec<unknown>, size: number): Codec<unknown> {
  // Ring buffers have no values; their codec is that of a record.
  if (size !== 0 && codec.size !== size) {
    throw new TypeError(`map ${map}: the ${what} type has ${codec.size} bytes, the map ${size}; build the module again`)
  }
  return codec
}

function keyed<T>(
  meta: Readonly<Record<string, { readonly name: string }>>,
  find: (name: string) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(meta).map(([key, { name }]) => [key, find(name)]))
}

function unknownName(object: string, what: string, name: string, known: Iterable<string>): Error {
  const names = [...known]
  const near = nearName(name, names)
  const all = names.length === 0 ? `it has no ${what}s` : `it has ${names.join(', ')}`
  return new Error(`${object} has no ${what} ${name}; ${near === undefined ? all : `did you mean ${near}?`}`)
}
