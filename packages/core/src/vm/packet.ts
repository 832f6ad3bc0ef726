/**
 * A packet in its buffer, as the kernel lays it out: free headroom, metadata, the packet, free tailroom. Programs get
 * pointers into one region whose accessible part is [meta, end).
 *
 *   0 ... headroom ... meta ... data ......... end ... hardEnd
 */
import { type Memory, type Region, replaceBytes } from './memory.ts'

/** Ethernet header; ETH_HLEN. */
export const ETH_HLEN = 14

export class Packet {
  readonly region: Region
  meta: number
  data: number
  end: number
  /** Where growth at the tail ends. */
  readonly hardEnd: number

  constructor(memory: Memory, bytes: Uint8Array, room: { head: number; tail: number; meta?: number }) {
    const { head, tail, meta = 0 } = room
    const buffer = new Uint8Array(head + bytes.length + tail)
    buffer.set(bytes, head)
    this.region = memory.add({ kind: 'packet', name: 'the packet', bytes: buffer, access: 'readWrite' })
    this.meta = head
    this.data = head + meta
    this.end = head + bytes.length
    this.hardEnd = buffer.length
    this.publish()
  }

  /** After a change of the positions: what programs may touch. */
  publish(): void {
    this.region.start = this.meta
    this.region.end = this.end
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
    const buffer = new Uint8Array(Math.max(this.region.bytes.length, this.data + bytes.length))
    buffer.set(this.region.bytes.subarray(0, this.data))
    buffer.set(bytes, this.data)
    replaceBytes(this.region, buffer)
    this.end = this.data + bytes.length
    this.publish()
  }
}
