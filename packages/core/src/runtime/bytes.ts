/** Small helpers that generated modules call: a checked view of a record, ELF bytes from base64. */

/** View of `size` bytes at `offset`; `name` begins the error message. */
export function viewOf(bytes: Uint8Array, offset: number, size: number, name: string): DataView {
  if (offset < 0 || offset + size > bytes.length) {
    throw new RangeError(`${name}: needs ${size} bytes at offset ${offset}, got ${bytes.length}`)
  }
  return new DataView(bytes.buffer, bytes.byteOffset + offset, size)
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
