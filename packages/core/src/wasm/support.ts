/**
 * Functions that a module has for its own use, written when first needed: access to memory through the region table, for
 * what the quick checks in access.ts did not cover, and entering a call frame.
 */
import { CELL } from '../vm/cells.ts'
import { MAX_FRAMES, STACK_SIZE } from '../vm/machine.ts'
import type { VmMap } from '../vm/maps/map.ts'
import { REGION_TAG, ROW, ROW_BYTES, ROW_FLAG } from '../vm/memory.ts'
import { Emitter } from './emitter.ts'
import { writeHashLookup } from './map-lookup.ts'
import type { ModuleBuilder, Signature } from './module-builder.ts'
import { I32, I64, OP, TYPE } from './ops.ts'
import { cellAddress, type Places } from './places.ts'

/** What a load does: bytes, and whether they are sign-extended. */
export interface LoadKind {
  readonly size: 1 | 2 | 4 | 8
  readonly signed: boolean
}

/** Functions of the host (engine.ts). An i32 result of 0 or a status says whether an error is pending. */
export const HOST = {
  /** (helper, pc) -> status, see STATUS. */
  helper: { params: ['i32', 'i32'], results: ['i32'] },
  /** (pc) -> status. */
  packetLoad: { params: ['i32'], results: ['i32'] },
  /** (address low, high, size, signed) -> 1 when the value is in the scratch cell. */
  load: { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] },
  /** (address low, high, size) -> address in the arena, or 0. */
  store: { params: ['i32', 'i32', 'i32'], results: ['i32'] },
  /** (pc, reason): throws, or has done the rest of the function. */
  leave: { params: ['i32', 'i32'], results: [] },
} as const satisfies Record<string, Signature>
export type HostName = keyof typeof HOST

/** What a helper or packet load came to. */
export const STATUS = { done: 0, pending: 1, leave: 2 } as const

export const LOAD_OP: Record<string, number> = {
  '1u': I64.load8U,
  '2u': I64.load16U,
  '4u': I64.load32U,
  '8u': I64.load,
  '1s': I64.load8S,
  '2s': I64.load16S,
  '4s': I64.load32S,
}
export const STORE_OP: Record<number, number> = { 1: I64.store8, 2: I64.store16, 4: I64.store32, 8: I64.store }

export function loadOp({ size, signed }: LoadKind): number {
  return LOAD_OP[`${size}${signed ? 's' : 'u'}`]!
}

const LOCATE: Signature = { params: ['i64', 'i32', 'i32'], results: ['i32'] }
const LOAD: Signature = { params: ['i64'], results: ['i64'] }
const STORE: Signature = { params: ['i64', 'i64'], results: [] }
const ENTER: Signature = { params: [], results: ['i32'] }

export class Support {
  readonly host: Readonly<Record<HostName, number>>
  /** Global that is 1 after a load or store that failed. */
  readonly failed: number
  private readonly builder: ModuleBuilder
  private readonly places: Places
  private readonly known = new Map<string, number>()

  constructor(builder: ModuleBuilder, places: Places) {
    this.builder = builder
    this.places = places
    const names = Object.keys(HOST) as HostName[]
    this.host = Object.fromEntries(names.map((name) => [name, builder.importFunction(name, HOST[name])])) as Record<
      HostName,
      number
    >
    this.failed = builder.addGlobal()
  }

  /** (pointer, size, flags of ROW_FLAG) -> address; 0 when the table does not allow it, or a hook must see it. */
  locate(): number {
    return this.once('locate', LOCATE, ['i32', 'i32', 'i32'], (e) => writeLocate(e, this.places))
  }

  /** (pointer) -> value; see `failed`. */
  load(kind: LoadKind): number {
    return this.once(`load ${kind.size} ${kind.signed}`, LOAD, ['i32'], (e) => {
      e.get(0).i32(kind.size).i32(ROW_FLAG.readable).call(this.locate()).tee(1).when(TYPE.i64)
      e.get(1).memory(loadOp(kind)).otherwise()
      pushHalves(e, 0)
      e.i32(kind.size).i32(Number(kind.signed)).call(this.host.load).when(TYPE.i64)
      e.i32(cellAddress(this.places, 'scratch')).memory(I64.load).otherwise()
      e.i32(1).global('globalSet', this.failed).i64(0, 0).close().close()
    })
  }

  /** (pointer, value); see `failed`. */
  store(size: number): number {
    return this.once(`store ${size}`, STORE, ['i32'], (e) => {
      e.get(0).i32(size).i32(ROW_FLAG.writable).call(this.locate()).tee(2).op(I32.eqz).when()
      pushHalves(e, 0)
      e.i32(size).call(this.host.store).tee(2).op(I32.eqz).when()
      e.i32(1).global('globalSet', this.failed).op(OP.return).close().close()
      e.get(2).get(1).memory(STORE_OP[size]!)
    })
  }

  /** () -> 1 when there are too many frames; else the next frame is ready. */
  enter(): number {
    return this.once('enter', ENTER, ['i32'], (e) => writeEnter(e, this.places))
  }

  /** (address of the key) -> pointer to the value or 0, for plain hash maps. */
  hashLookup(map: VmMap): number {
    const signature: Signature = { params: ['i32'], results: ['i64'] }
    return this.once(`lookup ${map.spec.name}`, signature, ['i32', 'i32', 'i32'], (e) => writeHashLookup(e, map))
  }

  private once(
    name: string,
    signature: Signature,
    locals: readonly ('i32' | 'i64')[],
    write: (e: Emitter) => void,
  ): number {
    const known = this.known.get(name)
    if (known !== undefined) return known
    const index = this.builder.declare()
    this.known.set(name, index)
    const emitter = new Emitter()
    write(emitter)
    this.builder.define(index, signature, locals, emitter)
    return index
  }
}

function pushHalves(e: Emitter, local: number): void {
  e.get(local).op(I32.wrap).get(local).i64(32, 0).op(I64.shrU).op(I32.wrap)
}

/** As `Memory.locate`, with the rows of the region table. */
function writeLocate(e: Emitter, places: Places): void {
  const [pointer, size, need, row, offset, stride] = [0, 1, 2, 3, 4, 5]
  const failUnless = () => e.op(I32.eqz).when().i32(0).op(OP.return).close()
  e.get(pointer).i64(32, 0).op(I64.shrU).op(I32.wrap).i32(REGION_TAG).op(I32.sub).tee(row)
  e.i32(cellAddress(places, 'rows')).memory(I32.load).op(I32.ltU)
  failUnless()
  e.get(row).i32(ROW_BYTES).op(I32.mul).i32(cellAddress(places, 'table')).memory(I32.load).op(I32.add).set(row)
  // Exactly the needed flags: a hooked region goes to the host.
  e.get(row).memory(I32.load, ROW.flags).get(need).i32(ROW_FLAG.hooked).op(I32.or).op(I32.and).get(need).op(I32.eq)
  failUnless()
  e.get(pointer).op(I32.wrap).get(row).memory(I32.load, ROW.start).op(I32.sub).tee(offset)
  e.get(row).memory(I32.load, ROW.length).op(I32.leU)
  failUnless()
  e.get(row).memory(I32.load, ROW.length).get(offset).op(I32.sub).get(size).op(I32.geU)
  failUnless()
  e.get(row).memory(I32.load, ROW.stride).tee(stride).when()
  e.get(pointer).op(I32.wrap).get(row).memory(I32.load, ROW.base).op(I32.sub).get(stride).op(I32.remU)
  e.get(size).op(I32.add).get(row).memory(I32.load, ROW.elementSize).op(I32.leU)
  failUnless()
  e.close()
  e.get(pointer).op(I32.wrap)
}

/** As `Machine.pushFrame`. */
function writeEnter(e: Emitter, places: Places): void {
  const { settings } = places.machine
  const depth = cellAddress(places, 'depth')
  e.i32(depth).memory(I32.load).i32(1).op(I32.add).tee(0).i32(MAX_FRAMES).op(I32.geU)
  e.when().i32(1).op(OP.return).close()
  e.i32(depth).get(0).memory(I32.store)
  e.get(0).i32(8).op(I32.mul).memory(I32.load, cellAddress(places, 'frames')).i32(STACK_SIZE).op(I32.sub)
  e.i32(settings.stackFill).i32(STACK_SIZE)
  // memory.fill
  e.op(OP.prefixFC).op(11).op(0)
  e.i32(0)
}

/** Loads r10 of the current frame. */
export function pushFramePointer(e: Emitter, places: Places): void {
  e.i32(cellAddress(places, 'depth')).memory(I32.load).i32(8).op(I32.mul)
  e.memory(I64.load, places.machine.memory.cells + CELL.frames)
}
