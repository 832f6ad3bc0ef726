/**
 * Static probes (USDT) of an executable file: notes in the section `.note.stapsdt`, as sys/sdt.h writes them.
 *
 *   note         name size u32 | description size u32 | type 3 | "stapsdt\0" | description, each padded to 4 bytes
 *   description  address u64 | base u64 | semaphore u64 | provider\0 | name\0 | arguments\0
 *
 * The base is where `.stapsdt.base` was when the addresses were written; prelink may have moved everything since.
 */
import { addressToOffset, elfView, sectionOf } from './elf-symbol.ts'

export interface UsdtProbe {
  readonly provider: string
  readonly name: string
  /** Bytes from the start of the file. */
  readonly offset: number
  /** Where the file keeps the counter that enables the probe; undefined when there is none. */
  readonly semaphore: number | undefined
  /** `-4@%edi 8@%rax`: size, sign and place of each argument. */
  readonly arguments: string
}

const NT_STAPSDT = 3
const HEADER = 12
const ADDRESSES = 24

/** Every place of every probe; one probe may be in several. */
export function usdtProbes(file: Uint8Array): UsdtProbe[] {
  const view = elfView(file)
  const notes = sectionOf(view, file, '.note.stapsdt')
  if (!notes) return []
  const base = sectionOf(view, file, '.stapsdt.base')?.address
  const probes: UsdtProbe[] = []
  const padded = (size: number) => (size + 3) & ~3
  for (let at = notes.offset; at + HEADER <= notes.offset + notes.size; ) {
    const [nameSize, size, type] = [0, 4, 8].map((field) => view.getUint32(at + field, true)) as [
      number,
      number,
      number,
    ]
    const start = at + HEADER + padded(nameSize)
    if (type === NT_STAPSDT && size >= ADDRESSES) {
      const probe = readProbe(view, file.subarray(start, start + size), base)
      if (probe) probes.push(probe)
    }
    at = start + padded(size)
  }
  return probes
}

function readProbe(view: DataView, note: Uint8Array, base: number | undefined): UsdtProbe | undefined {
  const numbers = new DataView(note.buffer, note.byteOffset, note.byteLength)
  const [address, wasBase, semaphore] = [0, 8, 16].map((at) => Number(numbers.getBigUint64(at, true))) as [
    number,
    number,
    number,
  ]
  const moved = base === undefined || wasBase === 0 ? 0 : base - wasBase
  const offset = addressToOffset(view, address + moved)
  if (offset === undefined) return undefined
  const [provider = '', name = '', args = ''] = new TextDecoder().decode(note.subarray(ADDRESSES)).split('\0')
  const counter = semaphore === 0 ? undefined : addressToOffset(view, semaphore + moved)
  return { provider, name, offset, semaphore: counter, arguments: args }
}
