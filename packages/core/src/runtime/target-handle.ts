/**
 * Handles of maps whose values name something outside: devices and CPUs (struct bpf_devmap_val, struct bpf_cpumap_val:
 * a number, and with 8-byte values a program that runs there), and what is written as a file descriptor.
 */
import type { MapBackend, ProgramBackend } from './backend.ts'
import type { Codec } from './codec.ts'
import {
  BaseMap,
  deleteAll,
  type ObjectState,
  preview,
  UPDATE,
  updateOrThrow,
  walkBatches,
  walkKeys,
} from './handle.ts'
import type { DescriptorMap, ProgramHandle, SetOptions, TargetMap } from './types.ts'

interface TargetInit<K> {
  readonly backend: MapBackend
  readonly state: ObjectState
  readonly key: Codec<K>
}

export interface ProgramTargetInit<K> extends TargetInit<K> {
  readonly findProgram: (program: ProgramHandle | string) => ProgramBackend
}

/** Bytes of a value with a program. */
const WITH_PROGRAM = 8

export class TargetMapHandle<K> extends BaseMap implements TargetMap<K> {
  protected readonly label = 'TargetMap'
  private readonly init: ProgramTargetInit<K>

  constructor(init: ProgramTargetInit<K>) {
    super(init.backend, init.state)
    this.init = init
  }

  get size(): number {
    return [...this.entries()].length
  }

  get(key: K): number | undefined {
    this.checkOpen()
    const bytes = this.backend.peek(this.init.key.encode(key), 0)
    return bytes && u32At(bytes, 0)
  }

  set(key: K, target: number, options: { readonly program?: ProgramHandle | string | undefined } = {}): this {
    this.checkOpen()
    if (!Number.isInteger(target) || target < 0 || target > 0xffff_ffff) {
      throw new RangeError(`map ${this.name}: expected an interface index, queue size or descriptor, got ${target}`)
    }
    const value = new Uint8Array(this.valueSize)
    const view = new DataView(value.buffer)
    view.setUint32(0, target, true)
    if (options.program !== undefined) {
      if (this.valueSize < WITH_PROGRAM) {
        throw new TypeError(`map ${this.name}: values of ${this.valueSize} bytes have no room for a program, 8 have`)
      }
      const { fd } = this.init.findProgram(options.program)
      if (fd === undefined) throw this.kernelOnly('given programs')
      view.setUint32(4, fd, true)
    }
    this.backend.update(this.init.key.encode(key), value, UPDATE.any)
    return this
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  delete(key: K): boolean {
    this.checkOpen()
    return this.backend.delete(this.init.key.encode(key))
  }

  clear(): void {
    this.checkOpen()
    deleteAll(this.backend, walkKeys(this.backend))
  }

  *entries(): IterableIterator<[K, number]> {
    this.checkOpen()
    for (const { keys, values, count } of walkBatches(this.backend)) {
      const step = values.length / count
      for (let i = 0; i < count; i++) {
        yield [this.init.key.decode(keys, i * this.keySize), u32At(values, i * step)]
      }
    }
  }

  *keys(): IterableIterator<K> {
    for (const [key] of this.entries()) yield key
  }

  [Symbol.iterator](): IterableIterator<[K, number]> {
    return this.entries()
  }

  protected content(): unknown {
    return preview(this.entries())
  }
}

export class DescriptorMapHandle<K> extends BaseMap implements DescriptorMap<K> {
  protected readonly label = 'DescriptorMap'
  private readonly key: Codec<K>

  constructor(init: TargetInit<K>) {
    super(init.backend, init.state)
    this.key = init.key
  }

  set(key: K, fd: number, options?: SetOptions): this {
    this.checkOpen()
    if (!Number.isInteger(fd) || fd < 0) {
      throw new TypeError(`map ${this.name}: expected a file descriptor, got ${String(fd)}`)
    }
    const value = new Uint8Array(this.valueSize)
    new DataView(value.buffer).setUint32(0, fd, true)
    updateOrThrow(this.backend, [this.key.encode(key), value], options)
    return this
  }

  delete(key: K): boolean {
    this.checkOpen()
    return this.backend.delete(this.key.encode(key))
  }

  protected content(): unknown {
    return { maxEntries: this.maxEntries }
  }
}

function u32At(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true)
}
