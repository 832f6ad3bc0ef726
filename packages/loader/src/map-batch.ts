/**
 * Reading a whole map with BPF_MAP_LOOKUP_BATCH (5.6): one system call for hundreds of entries. The kernel's cursor is
 * a u32 bucket number for hash maps and a key for the others (kernel/bpf/hashtab.c, generic_map_lookup_batch in
 * syscall.c). A call ends with ENOENT when it has reached the end, having filled in the last entries; ENOSPC means that
 * one bucket has more entries than the buffers.
 */
import type { MapSpec } from '@unplugin-bpf/core/object'
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

type Entry = readonly [Uint8Array, Uint8Array]

interface Batch {
  readonly keys: Uint8Array
  readonly values: Uint8Array
  readonly count: number
  /** Where to go on; undefined at the end. */
  readonly cursor: Uint8Array | undefined
}

/** Bytes of values to ask for at a time. */
const BATCH_BYTES = 64 * 1024
const LARGEST_COUNT = 1 << 20

/** Undefined when the kernel or this kind of map has no batches. The first batch is read at once. */
export function readBatches(source: BatchSource): Iterable<Entry> | undefined {
  const count = Math.max(16, Math.min(1024, Math.floor(BATCH_BYTES / (source.valueBytes + source.spec.keySize))))
  const first = readBatch(source, undefined, count)
  return first && walk(source, first)
}

function* walk(source: BatchSource, first: Batch): Generator<Entry> {
  const { keySize } = source.spec
  const { valueBytes } = source
  for (let batch: Batch | undefined = first; batch; ) {
    for (let i = 0; i < batch.count; i++) {
      const key = batch.keys.slice(i * keySize, (i + 1) * keySize)
      yield [key, batch.values.slice(i * valueBytes, (i + 1) * valueBytes)]
    }
    if (!batch.cursor) return
    batch = readBatch(source, batch.cursor, batch.keys.length / keySize)
  }
}

function readBatch(source: BatchSource, cursor: Uint8Array | undefined, count: number): Batch | undefined {
  const { fd, spec, valueBytes } = source
  for (let room = count; room <= LARGEST_COUNT; room *= 2) {
    const keys = new Uint8Array(room * spec.keySize)
    const values = new Uint8Array(room * valueBytes)
    const next = new Uint8Array(Math.max(8, spec.keySize))
    const target = { map_fd: fd, in_batch: cursor, out_batch: next, keys, values, count: room }
    const result = bpf(ATTR.mapLookupBatch, target)
    if (result === 0 || result === -ERRNO.ENOENT) {
      const filled = readBpf(ATTR.mapLookupBatch, 'count')
      return { keys, values, count: filled, cursor: result === 0 ? next : undefined }
    }
    if (result === -ERRNO.ENOSPC) continue
    const unsupported = [ERRNO.ENOTSUPP, ERRNO.EOPNOTSUPP, ERRNO.EINVAL].some((errno) => errno === -result)
    if (cursor === undefined && unsupported) return undefined
    throw new SyscallError(`read map "${spec.name}"`, -result)
  }
  throw new SyscallError(`read map "${spec.name}"`, ERRNO.ENOSPC)
}
