/**
 * Consumer side of a BPF_MAP_TYPE_PERF_EVENT_ARRAY: one perf event and ring per online CPU, in the array under the CPU's
 * number. Layout of a ring (include/uapi/linux/perf_event.h, struct perf_event_mmap_page): a page with positions, then the
 * data, whose size is a power of two; a record may wrap around.
 *
 *   1024 data_head u64 (kernel) | 1032 data_tail u64 (ours)
 *   record    type u32 | misc u16 | size u16     SAMPLE (9): raw size u32, data     LOST (2): id u64, lost u64
 */
import type { MapSpec } from '@unplugin-bpf/core/object'
import { drainingCursor, type RingBackend, type RingCursor } from '@unplugin-bpf/core/runtime'
import { checkSyscall } from '../errors.ts'
import { onlineCpus, pageSize } from '../sys/machine.ts'
import { enablePerfEvent, openBpfOutput } from '../sys/perf.ts'
import { closeFd, PROT, unmap } from '../sys/syscall.ts'
import { mapPart } from './mapping.ts'
import { Readiness } from './readiness.ts'

const HEAD = 1024
const TAIL = 1032
const RECORD = { LOST: 2, SAMPLE: 9 } as const
/** Pages of data per CPU; a power of two (libbpf's usual choice is 8 to 64). */
const PAGES = 64

interface CpuRing {
  readonly fd: number
  readonly buffer: ArrayBuffer
  /** head, tail */
  readonly positions: BigInt64Array
  readonly data: Uint8Array
  readonly readiness: Readiness
  tail: number
}

type Take = (bytes: Uint8Array, offset: number, length: number) => void

export class PerfBuffer implements RingBackend {
  readonly #spec: MapSpec
  readonly #rings: CpuRing[] = []
  readonly #install: (cpu: number, event: number) => void
  #staging = new Uint8Array(4096)
  #opened = false
  #draining = false
  #lost = 0

  /** `install` puts an event into the array. Nothing is opened before somebody reads. */
  constructor(spec: MapSpec, install: (cpu: number, event: number) => void) {
    this.#spec = spec
    this.#install = install
  }

  drain(take: (record: Uint8Array) => void, limit: number): number {
    return this.scan((bytes, offset, length) => take(bytes.subarray(offset, offset + length)), limit)
  }

  scan(take: Take, limit: number): number {
    this.open()
    if (this.#draining) throw new Error('drain() was called from within its own callback')
    this.#draining = true
    let taken = 0
    try {
      for (const ring of this.#rings) {
        while (taken < limit && this.#opened) {
          const before = ring.tail
          if (this.#readOne(ring, take)) taken++
          else if (ring.tail === before) break
        }
      }
    } finally {
      this.#draining = false
    }
    return taken
  }

  cursor(): RingCursor {
    this.open()
    return drainingCursor((take, limit) => this.drain(take, limit))
  }

  available(): number {
    return this.#rings.reduce((sum, ring) => sum + Number(Atomics.load(ring.positions, 0)) - ring.tail, 0)
  }

  lost(): number {
    return this.#lost
  }

  /**
   * Asking a perf event for its readiness resets it (perf_poll, kernel/events/core.c), so that epoll tells of records only
   * once, and not at all of those that came before it began. What is left is looked for in the loop's next turns.
   */
  onReadable(callback: () => void): () => void {
    this.open()
    let scheduled: NodeJS.Immediate | undefined
    const look = () => {
      scheduled = undefined
      if (this.available() === 0) return
      scheduled = setImmediate(look)
      callback()
    }
    const stops = this.#rings.map((ring) => ring.readiness.listen(() => scheduled ?? look()))
    // The polls begin in the loop's next turn, which the first immediate may still precede.
    scheduled = setImmediate(() => {
      scheduled = setImmediate(look)
    })
    return () => {
      for (const stop of stops) stop()
      clearImmediate(scheduled)
      scheduled = undefined
    }
  }

  /** Events that come before this are lost, uncounted. */
  open(): void {
    if (this.#opened) return
    this.#opened = true
    try {
      for (const cpu of onlineCpus()) {
        if (this.#spec.maxEntries > 0 && cpu >= this.#spec.maxEntries) continue
        const ring = openRing(cpu, this.#spec)
        this.#rings.push(ring)
        this.#install(cpu, ring.fd)
        checkSyscall(enablePerfEvent(ring.fd), `enable the perf event of CPU ${cpu}`)
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    this.#opened = false
    for (const ring of this.#rings.splice(0)) {
      ring.readiness.close()
      unmap(ring.buffer)
      closeFd(ring.fd)
    }
  }

  /** True when a sample was handed out; a record of another kind is passed over. */
  #readOne(ring: CpuRing, take: Take): boolean {
    const available = Number(Atomics.load(ring.positions, 0)) - ring.tail
    if (available <= 0) return false
    const head = this.#copy(ring, 0, 8)
    const type = head.getUint32(0, true)
    const size = head.getUint16(6, true)
    // A record of size 0 would never end the walk; the kernel writes none.
    if (size < 8 || size > available) return this.#giveBack(ring, available)
    const record = this.#copy(ring, 0, size)
    try {
      if (type === RECORD.LOST) this.#lost += Number(record.getBigUint64(16, true))
      if (type !== RECORD.SAMPLE) return false
      take(this.#staging, 12, record.getUint32(8, true))
      return true
    } finally {
      this.#giveBack(ring, size)
    }
  }

  #giveBack(ring: CpuRing, size: number): false {
    ring.tail += size
    // Closed within the callback: the memory is gone.
    if (this.#opened) Atomics.store(ring.positions, 1, BigInt(ring.tail))
    return false
  }

  /** `size` bytes behind the tail, made contiguous. */
  #copy({ data, tail }: CpuRing, offset: number, size: number): DataView {
    if (this.#staging.length < size) this.#staging = new Uint8Array(size * 2)
    const start = (tail + offset) % data.length
    const first = Math.min(size, data.length - start)
    this.#staging.set(data.subarray(start, start + first))
    this.#staging.set(data.subarray(0, size - first), first)
    return new DataView(this.#staging.buffer, 0, size)
  }
}

function openRing(cpu: number, spec: MapSpec): CpuRing {
  const fd = checkSyscall(openBpfOutput(cpu), `open a perf event on CPU ${cpu} for map "${spec.name}"`, {
    needs: ['PERFMON'],
    causes: { ENODEV: 'the CPU went offline meanwhile; open the buffer again' },
  })
  try {
    const page = pageSize()
    const buffer = mapPart(fd, { length: (1 + PAGES) * page, prot: PROT.READ | PROT.WRITE, offset: 0 }, spec)
    const positions = new BigInt64Array(buffer, HEAD, (TAIL - HEAD) / 8 + 1)
    const data = new Uint8Array(buffer, page, PAGES * page)
    return { fd, buffer, positions, data, readiness: new Readiness(fd), tail: 0 }
  } catch (error) {
    closeFd(fd)
    throw error
  }
}
