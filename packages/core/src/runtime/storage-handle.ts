/** Handle of SK_STORAGE, TASK_STORAGE, INODE_STORAGE and CGRP_STORAGE: values by the file descriptor of their owner. */
import type { Codec } from './codec.ts'
import { BaseMap, type MapInit, updateOrThrow } from './handle.ts'
import { u32Key } from './index-key.ts'
import type { SetOptions, StorageMap } from './types.ts'

export class StorageMapHandle<V> extends BaseMap implements StorageMap<V> {
  protected readonly label = 'StorageMap'
  private readonly value: Codec<V>

  constructor(init: Omit<MapInit<never, V>, 'key'>) {
    super(init.backend, init.state)
    this.value = init.value
  }

  get(fd: number): V | undefined {
    const bytes = this.backend.peek(this.owner(fd), 0)
    return bytes === undefined ? undefined : this.value.decode(bytes)
  }

  set(fd: number, value: V, options?: SetOptions): this {
    updateOrThrow(this.backend, [this.owner(fd), this.value.encode(value)], options)
    return this
  }

  has(fd: number): boolean {
    return this.backend.peek(this.owner(fd), 0) !== undefined
  }

  delete(fd: number): boolean {
    return this.backend.delete(this.owner(fd))
  }

  private owner(fd: number): Uint8Array {
    this.checkOpen()
    if (Number.isInteger(fd) && fd >= 0) return u32Key(fd)
    throw new TypeError(`map ${this.name}: expected the file descriptor of the owner, got ${String(fd)}`)
  }

  /** The kernel does not list owners. */
  protected content(): unknown {
    return { valueSize: this.valueSize }
  }
}
