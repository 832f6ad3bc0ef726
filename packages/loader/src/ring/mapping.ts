/**
 * Memory of a ring buffer (kernel/bpf/ringbuf.c, 6.18). Two mappings of the map's file descriptor:
 *
 *   offset 0       one page              consumer position, u64
 *   offset page    2 x size + page       producer position, u64, in a page of its own; then the data, mapped twice in a
 *                                        row so that a record which wraps around is contiguous
 *
 *   record    u32 length | BUSY bit 31 | DISCARD bit 30,  u32 page offset,  data, padding to 8 bytes
 *
 * Ring buffers: we write the consumer's page only. User ring buffers: we write all but the consumer's page. Writing to
 * the other part kills the process, so these buffers never leave this folder.
 */
import type { MapSpec } from '@unplugin-bpf/core/object'
import { checkSyscall } from '../errors.ts'
import { pageSize } from '../sys/machine.ts'
import { mapShared, PROT, unmap } from '../sys/syscall.ts'

export const BUSY = 0x8000_0000 | 0
export const DISCARD = 0x4000_0000
export const LENGTH = 0x3fff_ffff
export const HEADER = 8

export interface RingMapping {
  readonly buffers: readonly ArrayBuffer[]
  readonly consumer: BigInt64Array
  readonly producer: BigInt64Array
  /** Producer page and data as words; the producer position's low half is word 0. */
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Offset of the data in `bytes`. */
  readonly dataStart: number
}

/** `writer`: which of the two sides this process is. */
export function mapRing(fd: number, spec: MapSpec, writer: 'consumer' | 'producer'): RingMapping {
  const page = pageSize()
  const [first, second] =
    writer === 'consumer' ? [PROT.READ | PROT.WRITE, PROT.READ] : [PROT.READ, PROT.READ | PROT.WRITE]
  const consumer = mapPart(fd, { length: page, prot: first, offset: 0 }, spec)
  try {
    const producer = mapPart(fd, { length: page + 2 * spec.maxEntries, prot: second, offset: page }, spec)
    return {
      buffers: [consumer, producer],
      consumer: new BigInt64Array(consumer, 0, 1),
      producer: new BigInt64Array(producer, 0, 1),
      words: new Int32Array(producer),
      bytes: new Uint8Array(producer),
      view: new DataView(producer),
      dataStart: page,
    }
  } catch (error) {
    unmap(consumer)
    throw error
  }
}

export function unmapRing(mapping: RingMapping): void {
  for (const buffer of mapping.buffers) unmap(buffer)
}

/** Bytes that a record with this header word takes. */
export function recordSize(header: number): number {
  return ((header & LENGTH) + HEADER + 7) & ~7
}

interface Part {
  readonly length: number
  readonly prot: number
  readonly offset: number
}

export function mapPart(fd: number, { length, prot, offset }: Part, spec: MapSpec): ArrayBuffer {
  const mapped = mapShared(fd, length, prot, offset)
  if (typeof mapped !== 'number') return mapped
  checkSyscall(mapped, `map ring buffer "${spec.name}" into memory`, {
    causes: { ENOSYS: 'this runtime forbids ArrayBuffers over foreign memory (Electron does)' },
  })
  throw new Error('unreachable: mmap gave a number that is no error')
}
