/** The loaded object: typed handles over any backend, made from what the generated module says about names and types. */
import { type AttachAllOptions, type AttachedLinks, attachAll } from './attach-all.ts'
import type { ObjectBackend, ProgramBackend } from './backend.ts'
import { createMapHandle, type HandleSurroundings, type MapMeta } from './create-map-handle.ts'
import { createGlobals, type GlobalsMeta } from './globals-handle.ts'
import { ClosedError, INSPECT, type Inspect, type ObjectState } from './handle.ts'
import { lostCounter } from './lost-counter.ts'
import { nearName } from './near.ts'
import { ProgramHandle } from './program-handle.ts'
import { RingBufferHandle } from './ring-handle.ts'
import type { AnyMap, LoadedObject, MapHandle, ModuleShape, ProgramHandle as ProgramHandleType } from './types.ts'

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
    const surroundings: HandleSurroundings = {
      state: this.#state,
      findProgram: (program) => this.#findProgram(program),
      lostCounter: (ring) => lostCounter(backend, ring),
    }
    for (const [name, map] of backend.maps) {
      this.#mapsByName.set(name, createMapHandle(map, metaByName.get(name), surroundings))
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

  attachAll(options: AttachAllOptions = {}): AttachedLinks {
    this.#checkOpen()
    const find = (name: string) => this.#programBackends.get(this.program(name))!
    return attachAll(new Map([...this.#programKeys].map(([key, name]) => [key, find(name)])), options)
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
