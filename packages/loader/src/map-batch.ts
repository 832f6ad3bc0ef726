/**
 * Many entries in one system call (5.6): BPF_MAP_LOOKUP_BATCH, UPDATE_BATCH and DELETE_BATCH. The kernel's cursor is a u32
 * bucket number for hash maps and a key for the others (kernel/bpf/hashtab.c, generic_map_lookup_batch in syscall.c). A
 * reading call ends with ENOENT when it has reached the end, having filled in the last entries; ENOSPC means that one
 * bucket has more entries than the buffers.
 */
import type { MapSpec } from '@unplugin-bpf/core/object'
import type { EntryBatch } from '@unplugin-bpf/core/runtime'
import { SyscallError } from './errors.ts'
import { ATTR } from './sys/attr.ts'
import { bpf, readBpf } from './sys/bpf.ts'
import { ERRNO } from './sys/errno.ts'

export interface BatchSource {
  readonly fd: number
  readonly spec: MapSpec
  /** Bytes behind one key; all CPUs. */
  readonly valueBytes: number
}

interface Buffers {
  readonly room: number
  readonly keys: Uint8Array
  readonly values: Uint8Array
}

/** Where a walk is. */
interface Position {
  readonly batch: EntryBatch
  /** Where to go on; undefined at the end. */
  readonly cursor: Uint8Array | undefined
  readonly buffers: Buffers
}

/** Bytes of keys and values to ask for at a time. */
const BATCH_BYTES = 64 * 1024
const LARGEST_COUNT = 1 << 20

/** Undefined when the kernel or this kind of map has no batches. The first batch is read at once. */
export function readBatches(source: BatchSource): Iterable<EntryBatch> | undefined {
  const count = Math.max(16, Math.min(4096, Math.floor(BATCH_BYTES / (source.valueBytes + source.spec.keySize))))
  const first = readBatch(source, undefined, buffersFor(source, count))
  return first && walk(source, first)
}

function* walk(source: BatchSource, first: Position): Generator<EntryBatch> {
  for (let at: Position | undefined = first; at; ) {
    if (at.batch.count > 0) yield at.batch
    if (!at.cursor) return
    at = readBatch(source, at.cursor, at.buffers)
  }
}

function buffersFor({ spec, valueBytes }: BatchSource, room: number): Buffers {
  return { room, keys: new Uint8Array(room * spec.keySize), values: new Uint8Array(room * valueBytes) }
}

function readBatch(source: BatchSource, cursor: Uint8Array | undefined, given: Buffers): Position | undefined {
  const { fd, spec, valueBytes } = source
  for (let buffers = given; buffers.room <= LARGEST_COUNT; buffers = buffersFor(source, buffers.room * 2)) {
    const { room, keys, values } = buffers
    const next = new Uint8Array(Math.max(8, spec.keySize))
    const target = { map_fd: fd, in_batch: cursor, out_batch: next, keys, values, count: room }
    const result = bpf(ATTR.mapLookupBatch, target)
    if (result === 0 || result === -ERRNO.ENOENT) {
      const count = readBpf(ATTR.mapLookupBatch, 'count')
      const batch = {
        keys: keys.subarray(0, count * spec.keySize),
        values: values.subarray(0, count * valueBytes),
        count,
      }
      return { batch, cursor: result === 0 ? next : undefined, buffers }
    }
    if (result === -ERRNO.ENOSPC) continue
    if (cursor === undefined && isUnsupported(result)) return undefined
    throw new SyscallError(`read map "${spec.name}"`, -result)
  }
  throw new SyscallError(`read map "${spec.name}"`, ERRNO.ENOSPC)
}

/** False when the kernel or this kind of map has no such batches: nothing was written. Otherwise 0 or a negative errno. */
export function updateBatch({ fd }: BatchSource, { keys, values, count }: EntryBatch): number | false {
  const result = bpf(ATTR.mapUpdateBatch, { map_fd: fd, keys, values, count })
  return isUnsupported(result) ? false : result
}

/** As `updateBatch`. The kernel stops at the first missing key, and goes on from the one behind it. */
export function deleteBatch({ fd, spec }: BatchSource, keys: Uint8Array, count: number): number | false {
  for (let done = 0; done < count; ) {
    const rest = keys.subarray(done * spec.keySize, count * spec.keySize)
    const result = bpf(ATTR.mapDeleteBatch, { map_fd: fd, keys: rest, count: count - done })
    if (result === 0) return 0
    if (result !== -ERRNO.ENOENT) return done === 0 && isUnsupported(result) ? false : result
    done += readBpf(ATTR.mapDeleteBatch, 'count') + 1
  }
  return 0
}

function isUnsupported(result: number): boolean {
  return [ERRNO.ENOTSUPP, ERRNO.EOPNOTSUPP, ERRNO.EINVAL].some((errno) => errno === -result)
}
