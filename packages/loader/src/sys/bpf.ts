/**
 * bpf(2). `bpf` returns the kernel's result or a negative errno; outputs that the kernel wrote into the attributes are
 * read with `readBpf` before the next call. `bpfElement` is the short way for the map operations, which are called by
 * the million: it writes three words instead of walking a table.
 */
import { BPF_COMMANDS } from '@unplugin-bpf/core/object'
import { addon } from './addon.ts'
import { ATTR, type AttrValues, type Command, fieldOffset, writeAttr } from './attr.ts'

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

const KEY = fieldOffset(ATTR.mapLookup, 'key')
const VALUE = fieldOffset(ATTR.mapLookup, 'value')
const FLAGS = fieldOffset(ATTR.mapLookup, 'flags')
const ELEMENT_SIZE = ATTR.mapLookup.size

export type ElementCommand =
  | 'MAP_LOOKUP_ELEM'
  | 'MAP_LOOKUP_AND_DELETE_ELEM'
  | 'MAP_UPDATE_ELEM'
  | 'MAP_DELETE_ELEM'
  | 'MAP_GET_NEXT_KEY'

/** Addresses of a map's key and value bytes. */
export interface ElementTarget {
  readonly fd: number
  readonly key: number
  readonly value: number
}

export function bpfElement(command: ElementCommand, target: ElementTarget, flags: number): number {
  const attr = view()
  attr.setUint32(0, target.fd, true)
  attr.setUint32(4, 0, true)
  writeAddress(attr, KEY, target.key)
  // The key is the last field of MAP_DELETE_ELEM, and what follows must be zero.
  writeAddress(attr, VALUE, command === 'MAP_DELETE_ELEM' ? 0 : target.value)
  writeAddress(attr, FLAGS, flags)
  return addon().bpf(BPF_COMMANDS[command], ELEMENT_SIZE)
}

function writeAddress(attr: DataView, offset: number, address: number): void {
  attr.setUint32(offset, address % 0x1_0000_0000, true)
  attr.setUint32(offset + 4, Math.floor(address / 0x1_0000_0000), true)
}
