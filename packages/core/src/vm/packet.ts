/**
 * A packet in its buffer, as the kernel lays it out: free headroom, metadata, the packet, free tailroom. Programs get
 * pointers into one region whose accessible part is [meta, end).
 *
 *   0 ... headroom ... meta ... data ......... end ... hardEnd
 */
import type { Memory, Region } from './memory.ts'

/** Ethernet header; ETH_HLEN. */
export const ETH_HLEN = 14

/** The usual size of a buffer: a page. */
const USUAL_SIZE = 4096

/** One buffer serves many runs: `load` begins a run. */
export class Packet {
  readonly region: Region
  meta = 0
  data = 0
  end = 0
  /** Where growth at the tail ends. */
  hardEnd = 0
  private readonly memory: Memory
  /** What was accessible in the last run: the rest of the buffer is still zero. */
  private lowest = 0
  private highest = 0
  /** Where the region lies at the beginning of a run. */
  private home: { readonly base: number; readonly size: number }

  constructor(memory: Memory) {
    this.memory = memory
    this.region = memory.park({ kind: 'packet', name: 'the packet', bytes: USUAL_SIZE, access: 'readWrite' })
    this.home = { base: this.region.base, size: USUAL_SIZE }
  }

  load(bytes: Uint8Array, room: { head: number; tail: number; meta?: number }): void {
    const { head, tail, meta = 0 } = room
    const { region, memory } = this
    this.hardEnd = head + bytes.length + tail
    if (this.hardEnd > this.home.size) {
      this.home = { base: memory.arena.allocate(this.hardEnd, 'kept'), size: this.hardEnd }
    }
    memory.enlist(region)
    if (region.base !== this.home.base) memory.move(region, this.home.base, this.home.size)
    region.bytes.fill(0, this.lowest, this.highest)
    region.bytes.set(bytes, head)
    this.lowest = head
    this.highest = head + bytes.length
    this.meta = head
    this.data = head + meta
    this.end = head + bytes.length
    this.publish()
  }

  /** After a change of the positions: what programs may touch. */
  publish(): void {
    this.region.setBounds(this.meta, this.end)
    if (this.meta < this.lowest) this.lowest = this.meta
    if (this.end > this.highest) this.highest = this.end
    this.memory.publishPacket(this.region, this)
  }

  /** Pointers that the program got earlier fault from now on (bpf_helper_changes_pkt_data, net/core/filter.c 6.18). */
  invalidatePointers(helper: string): void {
    this.memory.renumber(this.region, `a packet pointer from before the call of ${helper}; read it again`)
    this.memory.publishPacket(this.region, this)
  }

  get length(): number {
    return this.end - this.data
  }

  /** Copy of the bytes from `from` to the end. */
  copy(from = this.data): Uint8Array {
    return this.region.bytes.slice(from, this.end)
  }

  /** Other contents of another length at the same place, for helpers that rebuild the packet. */
  replace(bytes: Uint8Array): void {
    const { region, memory } = this
    const size = this.data + bytes.length
    if (size > region.size) {
      const front = region.bytes.slice(0, this.data)
      memory.move(region, memory.arena.allocate(size), size)
      region.bytes.set(front)
    }
    region.bytes.set(bytes, this.data)
    this.end = this.data + bytes.length
    this.publish()
  }
}
