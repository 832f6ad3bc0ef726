/**
 * One map in the kernel. Keys and values are bytes in the kernel's layout; a per-CPU value is `cpus` values of
 * round_up(valueSize, 8) bytes. Every map has its own key and value bytes with known addresses, so that an operation
 * allocates nothing but its result.
 */
import type { MapSpec } from '@unplugin-bpf/core/object'
import type { EntryBatch, MapBackend, ProgramBackend } from '@unplugin-bpf/core/runtime'
import { checkSyscall, type FailureContext, SyscallError } from './errors.ts'
import { InnerMaps } from './inner-maps.ts'
import { type BatchSource, deleteBatch, readBatches, updateBatch } from './map-batch.ts'
import { mapTypeOf } from './map-type.ts'
import { pinFd, unpinPath } from './pin.ts'
import { KernelRing } from './ring/kernel-ring.ts'
import { PerfBuffer } from './ring/perf-buffer.ts'
import { UserRing } from './ring/user-ring.ts'
import { ATTR } from './sys/attr.ts'
import { bpf, ElementCalls, type ElementOperation } from './sys/bpf.ts'
import { ERRNO } from './sys/errno.ts'
import { pageSize, possibleCpus } from './sys/machine.ts'
import { closeFd, mapShared, PROT, type Scratch, scratch, unmap } from './sys/syscall.ts'

/** Flags of `update` (include/uapi/linux/bpf.h). */
const BPF_NOEXIST = 1
const BPF_EXIST = 2
/** Flag of a map. */
const BPF_F_MMAPABLE = 1 << 10

type Ability = 'unknown' | 'yes' | 'no'

export class KernelMap implements MapBackend {
  readonly spec: MapSpec
  readonly cpus: number
  readonly ring?: KernelRing | PerfBuffer
  readonly userRing?: UserRing
  readonly #key: Scratch
  readonly #value: Scratch
  readonly scratch: { readonly key: Uint8Array; readonly value: Uint8Array }
  readonly #fd: number
  readonly #element: ElementCalls
  /** The same with the next key in place of the value; made when keys are walked. */
  #walk: { readonly begin: ElementCalls; readonly step: ElementCalls; readonly next: Uint8Array } | undefined
  #reads: Ability = 'unknown'
  #takes: Ability = 'unknown'
  #mapped: ArrayBuffer | undefined
  #inner: InnerMaps<KernelMap> | undefined
  #frozen: boolean
  #closed = false

  /** Takes over the descriptor. `createInner` makes a map of the inner shape. */
  constructor(spec: MapSpec, fd: number, createInner?: () => number) {
    const { perCpu, handle } = mapTypeOf(spec)
    this.spec = spec
    this.cpus = perCpu ? possibleCpus() : 1
    this.#key = scratch(spec.keySize)
    this.#value = scratch(perCpu ? this.cpus * roundUp8(spec.valueSize) : spec.valueSize)
    // Maps without keys want no address of one (___bpf_copy_key, kernel/bpf/syscall.c).
    const key = spec.keySize === 0 ? 0 : this.#key.address
    this.#element = new ElementCalls({ fd, key, value: this.#value.address })
    this.#fd = fd
    this.scratch = { key: this.#key.bytes, value: this.#value.bytes }
    this.#frozen = spec.data?.frozen ?? false
    if (handle === 'ringbuf') this.ring = new KernelRing(fd, spec)
    if (handle === 'userRing') this.userRing = new UserRing(fd, spec)
    if (handle === 'perf')
      this.ring = new PerfBuffer(spec, (cpu, event) => this.update(u32Bytes(cpu), u32Bytes(event), 0))
    if (spec.inner && createInner)
      this.#inner = new InnerMaps(spec.inner, (shape, inner) => new KernelMap(shape, inner), createInner)
  }

  get fd(): number {
    if (this.#closed) throw this.#closedError()
    return this.#fd
  }

  lookup(key: Uint8Array): Uint8Array | undefined {
    return this.peek(key, 0)?.slice()
  }

  peek(key: Uint8Array, flags: number): Uint8Array | undefined {
    this.#setKey(key)
    const result = this.#call('lookup', flags)
    if (result === 0) return this.#value.bytes
    if (result === -ERRNO.ENOENT) return undefined
    throw this.#failure('read', result)
  }

  update(key: Uint8Array, value: Uint8Array, flags: number): boolean {
    this.#setKey(key)
    this.#setValue(value)
    const result = this.#call('update', flags)
    if (result === 0) return true
    if (result === -ERRNO.EEXIST && (flags & BPF_NOEXIST) !== 0) return false
    if (result === -ERRNO.ENOENT && (flags & BPF_EXIST) !== 0) return false
    throw this.#failure('write', result)
  }

  delete(key: Uint8Array): boolean {
    this.#setKey(key)
    const result = this.#call('delete', 0)
    if (result === 0) return true
    if (result === -ERRNO.ENOENT) return false
    throw this.#failure('delete from', result)
  }

  take(key: Uint8Array): Uint8Array | undefined {
    if (this.#takes !== 'no') {
      this.#setKey(key)
      const result = this.#call('take', 0)
      if (result === 0) return this.#value.bytes.slice()
      if (result === -ERRNO.ENOENT) return undefined
      // Hash maps have it since 5.14; other kinds with keys never.
      const lacks = [ERRNO.ENOTSUPP, ERRNO.EOPNOTSUPP, ERRNO.EINVAL].some((errno) => errno === -result)
      if (!lacks || this.spec.keySize === 0) throw this.#failure('take from', result)
      this.#takes = 'no'
    }
    const value = this.lookup(key)
    if (value !== undefined) this.delete(key)
    return value
  }

  contains(value: Uint8Array): boolean {
    this.#setValue(value)
    const result = this.#call('lookup', 0)
    if (result === 0) return true
    if (result === -ERRNO.ENOENT) return false
    throw this.#failure('ask', result)
  }

  nextKey(key: Uint8Array | undefined): Uint8Array | undefined {
    if (this.#closed) throw this.#closedError()
    const walk = this.#walkCalls()
    if (key !== undefined) this.#setKey(key)
    const result = (key === undefined ? walk.begin : walk.step).run('nextKey', 0)
    if (result === 0) return walk.next.slice()
    if (result === -ERRNO.ENOENT) return undefined
    throw this.#failure('list the keys of', result)
  }

  /** Undefined where the kernel has no batch operation for this kind of map. */
  batches(): Iterable<EntryBatch> | undefined {
    if (this.#reads === 'no') return undefined
    const batches = readBatches(this.#batchSource())
    this.#reads = batches === undefined ? 'no' : 'yes'
    return batches
  }

  updateBatch(batch: EntryBatch): boolean {
    const result = updateBatch(this.#batchSource(), batch)
    if (result !== false && result < 0) throw this.#failure('write', result)
    return result !== false
  }

  deleteBatch(keys: Uint8Array, count: number): boolean {
    const result = deleteBatch(this.#batchSource(), keys, count)
    if (result !== false && result < 0) throw this.#failure('delete from', result)
    return result !== false
  }

  pin(path: string): void {
    pinFd(this.fd, path, `map "${this.spec.name}"`)
  }

  unpin(path: string): boolean {
    return unpinPath(path)
  }

  freeze(): void {
    // The kernel refuses while the map can still be written through a mapping.
    this.#unmapMemory()
    const operation = `freeze map "${this.spec.name}"`
    checkSyscall(bpf(ATTR.mapFreeze, { map_fd: this.fd }), operation, {
      since: '5.2',
      causes: { EBUSY: 'it is frozen already, or mapped for writing elsewhere' },
    })
    this.#frozen = true
  }

  /** Mapped on first use; see `MapBackend.memory`. */
  memory(): Uint8Array {
    const { data, flags, maxEntries, valueSize, name } = this.spec
    if (data === undefined && (flags & BPF_F_MMAPABLE) === 0)
      throw new TypeError(`map "${name}" is neither a data section nor mappable (BPF_F_MMAPABLE)`)
    // A store to a read-only mapping would kill the process, so that constants are never handed out as one.
    if (data?.frozen) return data.content.slice()
    if (this.#frozen) throw new TypeError(`map "${name}" is frozen: its memory cannot be shared`)
    const length = data ? valueSize : maxEntries * roundUp8(valueSize)
    if (this.#mapped === undefined) {
      const size = Math.ceil(length / pageSize()) * pageSize()
      const mapped = mapShared(this.fd, size, PROT.READ | PROT.WRITE, 0)
      if (typeof mapped === 'number') throw this.#failure('map into memory the', mapped)
      this.#mapped = mapped
    }
    return new Uint8Array(this.#mapped, 0, length)
  }

  setProgram(index: number, program: ProgramBackend): void {
    if (program.fd === undefined) throw new TypeError('only a program of the kernel can be put into a prog array')
    this.update(u32Bytes(index), u32Bytes(program.fd), 0)
  }

  setInner(key: Uint8Array, map: MapBackend): void {
    if (map.fd === undefined) throw new TypeError('only a map of the kernel can be put into a map of maps')
    this.update(key, u32Bytes(map.fd), 0)
  }

  innerMap(key: Uint8Array): KernelMap | undefined {
    const id = this.peek(key, 0)
    return id && this.#innerMaps().open(new DataView(id.buffer, id.byteOffset).getUint32(0, true))
  }

  createInner(): KernelMap {
    return this.#innerMaps().create()
  }

  #innerMaps(): InnerMaps<KernelMap> {
    if (this.#inner === undefined) throw new TypeError(`map "${this.spec.name}" holds no maps, or they are unknown`)
    return this.#inner
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.ring?.close()
    this.userRing?.close()
    this.#inner?.close()
    this.#unmapMemory()
    closeFd(this.#fd)
  }

  #unmapMemory(): void {
    if (this.#mapped) unmap(this.#mapped)
    this.#mapped = undefined
  }

  #batchSource(): BatchSource {
    return { fd: this.fd, spec: this.spec, valueBytes: this.#value.bytes.length }
  }

  #walkCalls() {
    if (this.#walk === undefined) {
      const next = scratch(this.spec.keySize)
      const target = { fd: this.#fd, value: next.address }
      const begin = new ElementCalls({ ...target, key: 0 })
      const step = new ElementCalls({ ...target, key: this.#key.address })
      this.#walk = { begin, step, next: next.bytes }
    }
    return this.#walk
  }

  #call(operation: ElementOperation, flags: number): number {
    if (this.#closed) throw this.#closedError()
    return this.#element.run(operation, flags)
  }

  #closedError(): Error {
    return new Error(`map "${this.spec.name}" is closed`)
  }

  #setKey(key: Uint8Array): void {
    const { bytes } = this.#key
    if (key === bytes) return
    if (key.length !== bytes.length) throw this.#wrongSize('keys', bytes.length, key.length)
    bytes.set(key)
  }

  #setValue(value: Uint8Array): void {
    const { bytes } = this.#value
    if (value === bytes) return
    if (value.length !== bytes.length) throw this.#wrongSize('values', bytes.length, value.length)
    bytes.set(value)
  }

  #wrongSize(what: string, expected: number, given: number): RangeError {
    const perCpu = what === 'values' && this.cpus > 1 ? ` (${this.cpus} CPUs)` : ''
    return new RangeError(`map "${this.spec.name}" has ${what} of ${expected} bytes${perCpu}; ${given} were given`)
  }

  #failure(verb: string, result: number): SyscallError {
    return new SyscallError(`${verb} map "${this.spec.name}"`, -result, explainElementFailure(this.spec))
  }
}

function explainElementFailure(spec: MapSpec): FailureContext {
  const { sparse } = mapTypeOf(spec)
  return {
    causes: {
      E2BIG:
        sparse && spec.type !== 'prog_array'
          ? `the map is full: it has room for ${spec.maxEntries} entries`
          : `the index is out of range: the map has ${spec.maxEntries} entries`,
      EINVAL: sparse
        ? `${spec.type} maps do not take this operation, key or value`
        : `the entries of ${spec.type} maps always exist: they cannot be deleted`,
      EEXIST: `the entries of ${spec.type} maps always exist: they cannot be inserted`,
      EBUSY: 'the map is being updated from elsewhere; try again',
      ENOTSUPP: `${spec.type} maps do not have this operation for user space`,
      EOPNOTSUPP: `${spec.type} maps do not have this operation for user space`,
    },
  }
}

function roundUp8(size: number): number {
  return (size + 7) & ~7
}

function u32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
