/** Small helpers that generated modules call: a checked view of a record, ELF bytes from base64. */

/**
 * View of all of `bytes`, in which there are `size` at `offset`; `name` begins the error message. Making a view costs more
 * than reading through it, and codecs are called again and again with the same few buffers (a ring's, a map's key and
 * value): those of the last calls are kept.
 */
export function viewOf(bytes: Uint8Array, offset: number, size: number, name: string): DataView {
  if (!(offset >= 0 && offset + size <= bytes.length)) {
    throw new RangeError(`${name}: needs ${size} bytes at offset ${offset}, got ${bytes.length}`)
  }
  if (bytes === bytes0) return view0
  if (bytes === bytes1) return view1
  if (bytes === bytes2) return view2
  return keepView(bytes)
}

let bytes0: Uint8Array = new Uint8Array(0)
let bytes1 = bytes0
let bytes2 = bytes0
let view0 = new DataView(bytes0.buffer)
let view1 = view0
let view2 = view0

/** Makes a view; the oldest of the three is forgotten. */
function keepView(bytes: Uint8Array): DataView {
  bytes2 = bytes1
  view2 = view1
  bytes1 = bytes0
  view1 = view0
  bytes0 = bytes
  view0 = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view0
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** RFC 4648; `atob` and `Buffer` belong to hosts, core uses neither. */
export function base64Bytes(text: string): Uint8Array {
  const digits = new Uint8Array(128)
  for (let i = 0; i < 64; i++) digits[ALPHABET.charCodeAt(i)] = i
  const length = text.replace(/=+$/, '').length
  const out = new Uint8Array(Math.floor((length * 3) / 4))
  let bits = 0
  let at = 0
  for (let i = 0; i < length; i++) {
    bits = (bits << 6) | digits[text.charCodeAt(i) & 127]!
    if (i % 4 !== 0) out[at++] = bits >> (6 - 2 * (i % 4))
  }
  return out
}
