/**
 * The VM's memory: regions with bounds, all of them in one arena. A pointer is an ordinary 64-bit number, so that
 * pointer arithmetic is integer arithmetic; every access is checked against the region that the number names:
 *
 *   63            32 31             0
 *   REGION_TAG + id  address in the arena
 *
 * Numbers that are no pointers (0, small integers, poison) have no region and fault; a pointer that walked off its
 * region, or whose high word changed, has an address outside of the region that it names.
 *
 * Each region has a row in a table in the arena, for translated programs: see ROW.
 */

import { Arena, type LinearMemory, plainMemory } from './arena.ts'
import { CELL, CELL_BYTES, limitCell } from './cells.ts'

export const REGION_TAG = 0x0010_0000

export type RegionKind = 'stack' | 'ctx' | 'packet' | 'mapValue' | 'record' | 'map' | 'data'
export type RegionAccess = 'none' | 'read' | 'readWrite'

export interface RegionInit {
  readonly kind: RegionKind
  /** For messages: `value of map hits`. */
  readonly name: string
  /** The first contents; copied, so go on with the region's `bytes`. A number: that many zeros. */
  readonly bytes: Uint8Array | number
  readonly access: RegionAccess
  /** Elements of `elementSize` bytes, one every `stride` bytes; an access stays inside one element. */
  readonly stride?: number
  readonly elementSize?: number
  /** `kept`: not taken back when the run ends in which it was added. */
  readonly lifetime?: 'kept' | 'run'
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

/** A row of the region table: byte offsets of its u32 fields. */
export const ROW = {
  /** Address of the first accessible byte, and how many there are. */
  start: 0,
  length: 4,
  /** Address of offset 0, which elements are counted from. */
  base: 8,
  /** 0 without elements. */
  stride: 12,
  elementSize: 16,
  /** Bits of ROW_FLAG. */
  flags: 20,
} as const
export const ROW_BYTES = 24
export const ROW_FLAG = { readable: 1, writable: 2, hooked: 4, atomic: 8 } as const
/** Atomics are refused on these (check_atomic, kernel/bpf/verifier.c 6.18). */
const NO_ATOMICS: readonly RegionKind[] = ['ctx', 'packet']

export function allowsAtomics(region: Pick<Region, 'kind'>): boolean {
  return !NO_ATOMICS.includes(region.kind)
}
const FLAGS_OF: Record<RegionAccess, number> = { none: 0, read: 1, readWrite: 3 }

/** `start`, `end`, `access` and `hook` may change: every change goes to the table too. */
export class Region {
  readonly kind: RegionKind
  readonly name: string
  readonly stride: number
  readonly elementSize: number
  /** High word of every pointer into the region. */
  hi: number
  /** Address of offset 0. */
  base: number
  bytes!: Uint8Array
  view!: DataView
  /** Bytes of the buffer; `bytes` itself loses its length when the arena grows. */
  size: number
  private from = 0
  private to: number
  private allowed: RegionAccess
  private hooks: RegionHook | undefined
  private readonly publish: (region: Region) => void

  constructor(
    init: RegionInit,
    place: { hi: number; base: number; size: number; arena: Arena },
    publish: (region: Region) => void,
  ) {
    this.kind = init.kind
    this.name = init.name
    this.stride = init.stride ?? 0
    this.elementSize = init.elementSize ?? 0
    this.hi = place.hi
    this.base = place.base
    this.size = place.size
    this.to = place.size
    this.allowed = init.access
    this.publish = publish
    bindRegion(this, place.arena)
    publish(this)
  }

  /** Accessible offsets: start <= offset < end. A packet's move. */
  get start(): number {
    return this.from
  }
  get end(): number {
    return this.to
  }
  get access(): RegionAccess {
    return this.allowed
  }
  get hook(): RegionHook | undefined {
    return this.hooks
  }

  setBounds(start: number, end: number): void {
    this.from = start
    this.to = end
    this.publish(this)
  }
  set access(access: RegionAccess) {
    this.allowed = access
    this.publish(this)
  }
  set hook(hook: RegionHook | undefined) {
    this.hooks = hook
    this.publish(this)
  }
}

/** An access that no region allows; the machine adds where it happened and makes a `VmFault` of it. */
export class AccessError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AccessError'
  }
}

/** What `release` goes back to. */
export interface MemoryMark {
  readonly regions: number
  readonly address: number
}

export class Memory {
  readonly arena: Arena
  private readonly regions: (Region | undefined)[] = []
  /** Why pointers of a number that is not in use any more fault. */
  private readonly gone = new Map<number, string>()
  /** Regions that keep their place between runs, see `park`. */
  private readonly parked: Region[] = []
  private packetIsPublished = false
  private readonly listeners: (() => void)[] = []
  private tableRows = 0
  /** Address of the region table. */
  private table = 0
  /** Address of what translated programs and the machine share, see cells.ts. */
  readonly cells: number
  /** Region of the last successful `locate`. */
  region!: Region

  constructor(memory: LinearMemory = plainMemory()) {
    this.arena = new Arena(memory)
    this.arena.onGrow = () => this.rebind()
    this.cells = this.arena.allocate(CELL_BYTES, 'kept')
    this.growTable(64)
  }

  /** For views of the arena: called at once and whenever the arena has another buffer. */
  bind(listener: () => void): void {
    this.listeners.push(listener)
    listener()
  }

  add(init: RegionInit): Region {
    const { bytes } = init
    const { arena } = this
    const size = typeof bytes === 'number' ? bytes : bytes.length
    const base = arena.allocate(size, init.lifetime)
    if (typeof bytes !== 'number') arena.bytes.set(bytes, base)
    const region = new Region(init, { hi: this.newNumber(), base, size, arena }, this.publish)
    this.regions[region.hi - REGION_TAG] = region
    return region
  }

  /** A region that many runs use: it keeps its place, and `enlist` gives it a number for the run. */
  park(init: RegionInit): Region {
    const region = this.add({ ...init, lifetime: 'kept' })
    this.remove(region)
    this.parked.push(region)
    return region
  }

  enlist(region: Region): void {
    region.hi = this.newNumber()
    this.regions[region.hi - REGION_TAG] = region
    this.publish(region)
  }

  /** `release` forgets what was added since (by a finished run). */
  mark(): MemoryMark {
    return { regions: this.regions.length, address: this.arena.mark() }
  }

  release(mark: MemoryMark): void {
    for (let i = mark.regions; i < this.regions.length; i++) this.clearRow(i)
    this.regions.length = mark.regions
    if (this.gone.size > 0) this.gone.clear()
    if (this.packetIsPublished) this.clearPacket()
    this.arena.release(mark.address)
  }

  /** Pointers into the region fault from now on; its number is not used again before `release`. */
  remove(region: Region, why = `a pointer into ${region.name}, which was given back`): void {
    const index = region.hi - REGION_TAG
    this.regions[index] = undefined
    this.gone.set(region.hi, why)
    this.clearRow(index)
  }

  /** Earlier pointers into the region fault from now on; new ones are made with its new number. */
  renumber(region: Region, why: string): void {
    this.remove(region, why)
    region.hi = this.newNumber()
    this.regions[region.hi - REGION_TAG] = region
    this.publish(region)
  }

  /** Another place and size, for packets that outgrow their buffer. The contents are those of the new place. */
  move(region: Region, base: number, size: number): void {
    region.base = base
    region.size = size
    bindRegion(region, this.arena)
    region.setBounds(0, size)
  }

  find(hi: number): Region | undefined {
    const index = hi - REGION_TAG
    return index >= 0 && index < this.regions.length ? this.regions[index] : undefined
  }

  /** Offset in `this.region` of `size` accessible bytes at the address, or AccessError. */
  locate(lo: number, hi: number, size: number, access: 'read' | 'write'): number {
    const region = this.find(hi)
    if (region === undefined) throw new AccessError(`${access} of ${size} bytes ${this.describeWild(lo, hi)}`)
    const offset = (lo - region.base) | 0
    if (offset < region.start || offset + size > region.end) throw outOfBounds(region, offset, size, access)
    if (region.stride !== 0 && (offset % region.stride) + size > region.elementSize) {
      throw outOfBounds(region, offset, size, access)
    }
    if (region.access === 'none' || (access === 'write' && region.access === 'read')) {
      const allowed = access === 'read' ? 'readable' : 'writable'
      throw new AccessError(`${access} of ${size} bytes: ${region.name} is not ${allowed}`)
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

  /** A u32 of cells.ts. */
  setWord(cell: number, value: number): void {
    this.arena.words[(this.cells + cell) >> 2] = value
  }

  getWord(cell: number): number {
    return this.arena.words[(this.cells + cell) >> 2]!
  }

  setCell(cell: number, lo: number, hi: number): void {
    this.setWord(cell, lo)
    this.setWord(cell + 4, hi)
  }

  /** Tells translated programs where the packet lies; offsets in its region. */
  publishPacket(region: Region, at: { readonly meta: number; readonly data: number; readonly end: number }): void {
    const { hi, base } = region
    const bytes = at.end - at.meta
    this.packetIsPublished = true
    this.setCell(CELL.packet, base + at.meta, hi)
    for (let size = 1; size <= 8; size *= 2) this.setWord(limitCell(size), Math.max(0, bytes - size + 1))
    this.setCell(CELL.packetMeta, base + at.meta, hi)
    this.setCell(CELL.packetData, base + at.data, hi)
    this.setCell(CELL.packetEnd, base + at.end, hi)
  }

  private clearPacket(): void {
    this.packetIsPublished = false
    const first = (this.cells + CELL.packet) >> 2
    this.arena.words.fill(0, first, (this.cells + CELL.frames) >> 2)
  }

  private newNumber(): number {
    const index = this.regions.length
    if (index === this.tableRows) this.growTable(2 * index)
    this.regions.push(undefined)
    return REGION_TAG + index
  }

  private readonly publish = (region: Region): void => {
    const { words } = this.arena
    const at = (this.table + (region.hi - REGION_TAG) * ROW_BYTES) >> 2
    words[at + ROW.start / 4] = region.base + region.start
    words[at + ROW.length / 4] = region.end - region.start
    words[at + ROW.base / 4] = region.base
    words[at + ROW.stride / 4] = region.stride
    words[at + ROW.elementSize / 4] = region.elementSize
    words[at + ROW.flags / 4] = flagsOf(region)
  }

  private clearRow(index: number): void {
    this.arena.words[(this.table + index * ROW_BYTES + ROW.flags) >> 2] = 0
  }

  private growTable(rows: number): void {
    const old = this.table
    this.table = this.arena.allocate(rows * ROW_BYTES, 'kept')
    this.arena.bytes.copyWithin(this.table, old, old + this.tableRows * ROW_BYTES)
    this.tableRows = rows
    this.setWord(CELL.table, this.table)
    this.setWord(CELL.rows, rows)
  }

  private rebind(): void {
    for (const region of this.regions) if (region !== undefined) bindRegion(region, this.arena)
    for (const region of this.parked) bindRegion(region, this.arena)
    for (const listener of this.listeners) listener()
  }

  private describeWild(lo: number, hi: number): string {
    const gone = this.gone.get(hi)
    if (gone !== undefined) return `through ${gone}`
    const address = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
    if (address === 0n) return 'through a null pointer'
    if (address < 4096n) return `through address ${address} (a null pointer plus ${address}?)`
    return `at 0x${address.toString(16)}, which is not a pointer`
  }
}

function flagsOf(region: Region): number {
  const hooked = region.hook === undefined ? 0 : ROW_FLAG.hooked
  return FLAGS_OF[region.access] | hooked | (allowsAtomics(region) ? ROW_FLAG.atomic : 0)
}

function bindRegion(region: Region, arena: Arena): void {
  region.bytes = arena.bytes.subarray(region.base, region.base + region.size)
  region.view = new DataView(arena.bytes.buffer, region.base, region.size)
}

function outOfBounds(region: Region, offset: number, size: number, access: string): AccessError {
  const at = region.stride === 0 || offset < 0 ? offset - region.start : offset % region.stride
  const limit = region.stride === 0 ? region.end - region.start : region.elementSize
  return new AccessError(`${access} of ${size} bytes at offset ${at} of ${region.name}, which has ${limit} bytes`)
}
