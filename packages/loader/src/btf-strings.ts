/**
 * Offsets of strings in a raw `.BTF` section. Line information names files and source lines by such offsets; strings
 * that the section lacks are appended, which is possible because the string table lies at its end.
 *
 *   header (include/uapi/linux/btf.h)   0 magic u16, version u8, flags u8 | 4 hdr_len | 8 type_off | 12 type_len
 *                                       16 str_off | 20 str_len          offsets count from the end of the header
 */
const HEADER_LENGTH = 4
const STRING_OFFSET = 16
const STRING_LENGTH = 20

export interface BtfStrings {
  /** The section, with the strings that were missing. */
  readonly btf: Uint8Array
  readonly offsetOf: (text: string) => number
}

export function withStrings(btf: Uint8Array, needed: Iterable<string>): BtfStrings {
  const view = new DataView(btf.buffer, btf.byteOffset, btf.byteLength)
  const start = view.getUint32(HEADER_LENGTH, true) + view.getUint32(STRING_OFFSET, true)
  const length = view.getUint32(STRING_LENGTH, true)
  const offsets = readOffsets(btf.subarray(start, start + length))
  if (start + length !== btf.length) return { btf, offsetOf: (text) => offsets.get(text) ?? 0 }

  const encoder = new TextEncoder()
  const added: Uint8Array[] = []
  let end = length
  for (const text of needed) {
    if (offsets.has(text)) continue
    const bytes = encoder.encode(`${text}\0`)
    offsets.set(text, end)
    added.push(bytes)
    end += bytes.length
  }
  const result = new Uint8Array(start + end)
  result.set(btf)
  let at = start + length
  for (const bytes of added) {
    result.set(bytes, at)
    at += bytes.length
  }
  new DataView(result.buffer).setUint32(STRING_LENGTH, end, true)
  return { btf: result, offsetOf: (text) => offsets.get(text) ?? 0 }
}

function readOffsets(strings: Uint8Array): Map<string, number> {
  const decoder = new TextDecoder()
  const offsets = new Map<string, number>()
  for (let at = 0; at < strings.length; ) {
    const end = strings.indexOf(0, at)
    if (end < 0) break
    const text = decoder.decode(strings.subarray(at, end))
    if (!offsets.has(text)) offsets.set(text, at)
    at = end + 1
  }
  return offsets
}
