/**
 * The context a program gets in r1: the bytes of the user-visible struct, whose fields come from tables/contexts.
 * Reading `data`, `data_end` or `data_meta` gives a packet pointer; other kernel pointers (sockets) read as null; a
 * store needs a field that the program type may write. Without a table row (tracepoints) the context is plain bytes.
 */
import { CONTEXTS, type ContextField, type ContextRow } from '../tables/contexts.ts'
import type { ProgramTypeRow } from '../tables/program-types.ts'
import { VmError } from './errno.ts'
import { AccessError, type Memory, type Pair, type Region } from './memory.ts'
import type { Packet } from './packet.ts'

export interface Context {
  readonly region: Region
  readonly row: ContextRow | undefined
  /** Reads and writes a field of 4 or 8 bytes by its name; `index` for arrays. */
  get(name: string, index?: number): number
  set(name: string, value: number, index?: number): void
}

export interface ContextInit {
  readonly memory: Memory
  /** Kernel name of the program type. */
  readonly type: string
  readonly row: ProgramTypeRow
  /** Absent: pointers into the packet read as null. */
  readonly packet: Packet | undefined
}

/** One context serves all runs of a program: `load` begins a run with bytes from user space, zeros otherwise. */
export interface LoadableContext extends Context {
  load(bytes: Uint8Array | undefined): void
}

export function createContext(init: ContextInit): LoadableContext {
  const { memory, row, packet } = init
  const context: ContextRow | undefined = row.context === undefined ? undefined : CONTEXTS[row.context]
  const size = context?.size ?? 0
  const region = memory.park({
    kind: 'ctx',
    name: `the context (${context?.struct ?? init.type})`,
    bytes: size,
    access: 'readWrite',
  })
  // A syscall program's context is its argument and its answer; records of tracepoints and tracing are read-only.
  if (context === undefined || context.fields.length === 0)
    region.access = init.type === 'syscall' ? 'readWrite' : 'read'
  else region.hook = { load: loader(context, packet), checkStore: storeChecker(context, init.type) }
  const places = new Map(context?.fields.map((field) => [field.name, field]))
  const at = (name: string, index = 0): number => {
    const field = places.get(name)
    if (field === undefined) throw new VmError(`context of ${init.type} has no field ${name}`)
    return field.offset + index * (field.type.bits / 8)
  }
  return {
    region,
    row: context,
    get: (name, index) => region.view.getUint32(at(name, index), true),
    set: (name, value, index) => region.view.setUint32(at(name, index), value, true),
    load(given) {
      checkLength(given, context)
      memory.enlist(region)
      // What depends on the attach point has the size that user space gives.
      if (size === 0) memory.move(region, memory.arena.allocate(given?.length ?? 0), given?.length ?? 0)
      else region.bytes.fill(0)
      if (given !== undefined) region.bytes.set(given.subarray(0, region.size))
    },
  }
}

/** The kernel's rule for structs from user space: short ones are filled with zeros, what is too long must be zero. */
function checkLength(given: Uint8Array | undefined, row: ContextRow | undefined): void {
  if (given === undefined || row === undefined || row.size === 0) return
  if (given.subarray(row.size).some((byte) => byte !== 0)) {
    throw new VmError(`the context has ${given.length} bytes, ${row.struct} only ${row.size}`)
  }
}

function loader(row: ContextRow, packet: Packet | undefined) {
  const pointers = new Map(row.fields.filter((f) => f.pointer !== undefined).map((f) => [f.offset, f]))
  return (offset: number, size: number, out: Pair): boolean => {
    const field = pointers.get(offset)
    if (field === undefined) return false
    const bytes = field.type.bits / 8
    if (size !== bytes)
      throw new AccessError(`read of ${size} bytes of ${row.struct}.${field.name}, a pointer: read ${bytes}`)
    const position = packetPosition(field, packet)
    // Pointers to kernel objects are not modelled: null, which programs must test for.
    out.lo = position < 0 ? 0 : packet!.region.base + position
    out.hi = position < 0 ? 0 : packet!.region.hi
    return true
  }
}

function packetPosition(field: ContextField, packet: Packet | undefined): number {
  if (packet === undefined) return -1
  switch (field.pointer) {
    case 'packet':
      return packet.data
    case 'packetEnd':
      return packet.end
    case 'packetMeta':
      return packet.meta
    default:
      return -1
  }
}

function storeChecker(row: ContextRow, type: string) {
  return (offset: number, size: number): void => {
    const field = row.fields.find((f) => offset >= f.offset && offset < f.offset + fieldBytes(f))
    if (field === undefined || !field.writable?.includes(type)) {
      const what = field === undefined ? `offset ${offset} of ${row.struct}` : `${row.struct}.${field.name}`
      throw new AccessError(`write of ${size} bytes to ${what}, which ${type} programs may not write`)
    }
  }
}

function fieldBytes(field: ContextField): number {
  return (field.type.bits / 8) * (field.length ?? 1)
}
