/**
 * bpf(2). `bpf` returns the kernel's result or a negative errno; outputs that the kernel wrote into the attributes are
 * read with `readBpf` before the next call. `ElementCalls` is the short way for the map operations.
 */
import { BPF_COMMANDS } from '@unplugin-bpf/core/object'
import { type Addon, addon } from './addon.ts'
import { ATTR, type AttrValues, type Command, fieldOffset, writeAttr } from './attr.ts'
import { type Scratch, scratch } from './syscall.ts'

let attrView: DataView | undefined

/** The addon's scratch area. One per environment, so a call's outputs live until the next call. */
function view(): DataView {
  attrView ??= new DataView(addon().attr)
  return attrView
}

export function bpf<F extends Command['declared']>(command: Command<F>, values: AttrValues<F>): number {
  const native = addon()
  writeAttr(command, values, view(), native.addressOf)
  return native.bpf(BPF_COMMANDS[command.name], command.size)
}

/** A u32 field after the last call, which must have been of the same command. */
export function readBpf<F extends Command['declared']>(command: Command<F>, field: keyof F & string): number {
  return view().getUint32(fieldOffset(command, field), true)
}

const { map_fd: MAP_FD, key: KEY, value: VALUE, flags: FLAGS } = fieldOffsets()

function fieldOffsets() {
  const of = (field: 'map_fd' | 'key' | 'value' | 'flags') => fieldOffset(ATTR.mapLookup, field)
  return { map_fd: of('map_fd'), key: of('key'), value: of('value'), flags: of('flags') }
}

/** Commands on one element, and how many bytes of the attributes they take: what a command has no field for must be 0. */
const ELEMENT = {
  lookup: { command: BPF_COMMANDS.MAP_LOOKUP_ELEM, size: ATTR.mapLookup.size },
  take: { command: BPF_COMMANDS.MAP_LOOKUP_AND_DELETE_ELEM, size: ATTR.mapLookup.size },
  update: { command: BPF_COMMANDS.MAP_UPDATE_ELEM, size: ATTR.mapLookup.size },
  delete: { command: BPF_COMMANDS.MAP_DELETE_ELEM, size: VALUE },
  nextKey: { command: BPF_COMMANDS.MAP_GET_NEXT_KEY, size: FLAGS },
} as const

export type ElementOperation = keyof typeof ELEMENT

/** Addresses of a map's key and value bytes. */
export interface ElementTarget {
  readonly fd: number
  /** 0: none. */
  readonly key: number
  readonly value: number
}

/**
 * The attributes of a map's element commands, filled in once: operations are called by the million, and only their flags
 * change.
 */
export class ElementCalls {
  readonly #attr: Scratch
  readonly #view: DataView
  readonly #bpfAt: Addon['bpfAt']
  #flags = 0

  constructor({ fd, key, value }: ElementTarget) {
    this.#attr = scratch(ATTR.mapLookup.size)
    this.#view = new DataView(this.#attr.bytes.buffer)
    this.#bpfAt = addon().bpfAt
    this.#view.setUint32(MAP_FD, fd, true)
    writeAddress(this.#view, KEY, key)
    writeAddress(this.#view, VALUE, value)
  }

  /** Result or negative errno. */
  run(operation: ElementOperation, flags: number): number {
    if (flags !== this.#flags) {
      this.#flags = flags
      this.#view.setUint32(FLAGS, flags, true)
    }
    const { command, size } = ELEMENT[operation]
    return this.#bpfAt(command, this.#attr.address, size)
  }
}

function writeAddress(attr: DataView, offset: number, address: number): void {
  attr.setUint32(offset, address % 0x1_0000_0000, true)
  attr.setUint32(offset + 4, Math.floor(address / 0x1_0000_0000), true)
}
