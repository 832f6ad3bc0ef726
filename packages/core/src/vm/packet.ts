/**
 * A packet in its buffer, as the kernel lays it out: free headroom, metadata, the packet, free tailroom. Programs get
 * pointers into one region whose accessible part is [meta, end).
 *
 *   0 ... headroom ... meta ... data ......... end ... hardEnd
 */
import type { Memory, Region } from './memory.ts'

/** Ethernet header; ETH_HLEN. */
export const ETH_HLEN = 14

export class Packet {
  readonly region: Region
  private readonly memory: Memory
  meta: number
  data: number
  end: number
  /** Where growth at the tail ends. */
  readonly hardEnd: number

  constructor(memory: Memory, bytes: Uint8Array, room: { head: number; tail: number; meta?: number }) {
    const { head, tail, meta = 0 } = room
    this.memory = memory
    this.region = memory.add({
      kind: 'packet',
      name: 'the packet',
      bytes: head + bytes.length + tail,
      access: 'readWrite',
    })
    this.region.bytes.set(bytes, head)
    this.meta = head
    this.data = head + meta
    this.end = head + bytes.length
    this.hardEnd = this.region.size
    this.publish()
  }

  /** After a change of the positions: what programs may touch. */
  publish(): void {
    this.region.setBounds(this.meta, this.end)
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
    const size = this.data + bytes.length
    if (size > this.region.size) this.memory.resize(this.region, size)
    this.region.bytes.set(bytes, this.data)
    this.end = this.data + bytes.length
    this.publish()
  }
}
