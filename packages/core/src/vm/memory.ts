/**
 * The VM's memory: regions with bounds. A pointer is an ordinary 64-bit number, so that pointer arithmetic is integer
 * arithmetic; every access is checked against the region that the number names:
 *
 *   63            32 31             0
 *   REGION_TAG + id  OFFSET_BASE + offset in the region
 *
 * OFFSET_BASE lies far from both ends of the low word, so that walking off a region cannot reach the next id. Numbers
 * that are no pointers (0, small integers, poison) have no region and fault.
 */

export const REGION_TAG = 0x0010_0000
export const OFFSET_BASE = 0x4000_0000

export type RegionKind = 'stack' | 'ctx' | 'packet' | 'mapValue' | 'record' | 'map' | 'data'

export interface RegionInit {
  readonly kind: RegionKind
  /** For messages: `value of map hits`. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly access: 'none' | 'read' | 'readWrite'
  /** Elements of `elementSize` bytes, one every `stride` bytes; an access stays inside one element. */
  readonly stride?: number
  readonly elementSize?: number
}

/** Loads and stores of a context go through this; they return false when the plain bytes are meant. */
export interface RegionHook {
  /** May set `out` to a pointer instead of the bytes. */
  load(offset: number, size: number, out: Pair): boolean
  /** Throws AccessError for a read-only field. */
  checkStore(offset: number, size: number): void
}

/** A 64-bit number in two halves. */
export interface Pair {
  lo: number
  hi: number
}

export interface Region {
  readonly kind: RegionKind
  readonly name: string
  /** High word of every pointer into the region. */
  readonly hi: number
  bytes: Uint8Array
  view: DataView
  /** Accessible offsets: start <= offset < end. A packet's move. */
  start: number
  end: number
  readonly stride: number
  readonly elementSize: number
  access: 'none' | 'read' | 'readWrite'
  hook: RegionHook | undefined
}

/** An access that no region allows; the machine adds where it happened and makes a `VmFault` of it. */
export class AccessError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AccessError'
  }
}

export class Memory {
  private readonly regions: (Region | undefined)[] = []
  /** Region of the last successful `locate`. */
  region!: Region

  add(init: RegionInit): Region {
    const region: Region = {
      kind: init.kind,
      name: init.name,
      hi: REGION_TAG + this.regions.length,
      bytes: init.bytes,
      view: viewOf(init.bytes),
      start: 0,
      end: init.bytes.length,
      stride: init.stride ?? 0,
      elementSize: init.elementSize ?? 0,
      access: init.access,
      hook: undefined,
    }
    this.regions.push(region)
    return region
  }

  /** Number of regions; `truncate` forgets later ones (those of a finished run). */
  get size(): number {
    return this.regions.length
  }

  truncate(size: number): void {
    this.regions.length = size
  }

  /** Pointers into the region fault from now on; its number is not used again before `truncate`. */
  remove(region: Region): void {
    this.regions[region.hi - REGION_TAG] = undefined
  }

  find(hi: number): Region | undefined {
    const index = hi - REGION_TAG
    return index >= 0 && index < this.regions.length ? this.regions[index] : undefined
  }

  /** Offset in `this.region` of `size` accessible bytes at the address, or AccessError. */
  locate(lo: number, hi: number, size: number, access: 'read' | 'write'): number {
    const region = this.find(hi)
    if (region === undefined) throw new AccessError(describeWild(lo, hi, size, access))
    const offset = (lo - OFFSET_BASE) | 0
    if (offset < region.start || offset + size > region.end) throw outOfBounds(region, offset, size, access)
    if (region.stride !== 0 && (offset % region.stride) + size > region.elementSize) {
      throw outOfBounds(region, offset, size, access)
    }
    if (region.access === 'none' || (access === 'write' && region.access === 'read')) {
      throw new AccessError(
        `${access} of ${size} bytes: ${region.name} is not ${access === 'read' ? 'readable' : 'writable'}`,
      )
    }
    this.region = region
    return offset
  }

  /** A view of `length` bytes at the address, checked; for helpers. */
  slice(lo: number, hi: number, length: number, access: 'read' | 'write'): Uint8Array {
    // The kernel lets helpers take (pointer, 0); nothing is accessed then.
    if (length === 0) return new Uint8Array(0)
    const offset = this.locate(lo, hi, length, access)
    return this.region.bytes.subarray(offset, offset + length)
  }
}

/** Gives a region other bytes (a grown map); pointers stay valid. */
export function replaceBytes(region: Region, bytes: Uint8Array): void {
  region.bytes = bytes
  region.view = viewOf(bytes)
  region.start = 0
  region.end = bytes.length
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function describeWild(lo: number, hi: number, size: number, access: string): string {
  const address = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
  if (address < 4096n) {
    const what = address === 0n ? 'a null pointer' : `address ${address} (a null pointer plus ${address}?)`
    return `${access} of ${size} bytes through ${what}`
  }
  return `${access} of ${size} bytes at 0x${address.toString(16)}, which is not a pointer`
}

function outOfBounds(region: Region, offset: number, size: number, access: string): AccessError {
  const at = region.stride === 0 ? offset - region.start : offset % region.stride
  const limit = region.stride === 0 ? region.end - region.start : region.elementSize
  return new AccessError(`${access} of ${size} bytes at offset ${at} of ${region.name}, which has ${limit} bytes`)
}
