/** Handle of ARRAY_OF_MAPS and HASH_OF_MAPS. */
import type { MapBackend } from './backend.ts'
import type { Codec } from './codec.ts'
import { BaseMap, type ObjectState } from './handle.ts'
import type { MapHandle, MapOfMaps } from './types.ts'

export interface MapOfMapsInit<K> {
  readonly backend: MapBackend
  readonly state: ObjectState
  readonly key: Codec<K>
  /** Handle of an inner map. */
  readonly wrap: (inner: MapBackend) => MapHandle
}

export class MapOfMapsHandle<K> extends BaseMap implements MapOfMaps<K, MapHandle> {
  protected readonly label = 'MapOfMaps'
  private readonly init: MapOfMapsInit<K>
  /** The same inner map is always the same handle. */
  private readonly handles = new WeakMap<MapBackend, MapHandle>()

  constructor(init: MapOfMapsInit<K>) {
    super(init.backend, init.state)
    this.init = init
  }

  set(key: K, map: MapHandle): this {
    this.checkOpen()
    const { setInner } = this.backend
    if (setInner === undefined) throw this.kernelOnly('put into maps')
    // Objects that only look like a handle have no backend.
    const inner = map instanceof BaseMap ? backendOf(map) : undefined
    if (inner === undefined) throw new TypeError(`map ${this.name}: expected a map handle, got ${String(map)}`)
    setInner.call(this.backend, this.init.key.encode(key), inner)
    return this
  }

  get(key: K): MapHandle | undefined {
    this.checkOpen()
    if (this.backend.innerMap === undefined) throw this.kernelOnly('taken out of maps')
    const inner = this.backend.innerMap(this.init.key.encode(key))
    return inner && this.handleOf(inner)
  }

  has(key: K): boolean {
    this.checkOpen()
    return this.backend.peek(this.init.key.encode(key), 0) !== undefined
  }

  delete(key: K): boolean {
    this.checkOpen()
    return this.backend.delete(this.init.key.encode(key))
  }

  create(): MapHandle {
    this.checkOpen()
    if (this.backend.createInner === undefined) throw this.kernelOnly('made for maps')
    return this.handleOf(this.backend.createInner())
  }

  private handleOf(inner: MapBackend): MapHandle {
    const handle = this.handles.get(inner) ?? this.init.wrap(inner)
    this.handles.set(inner, handle)
    return handle
  }

  protected content(): unknown {
    return { maxEntries: this.maxEntries }
  }
}

/** `backend` is protected; handles of one class may see it. */
function backendOf(map: BaseMap): MapBackend {
  return (map as unknown as { readonly backend: MapBackend }).backend
}
