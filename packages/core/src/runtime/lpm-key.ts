/** Keys of LPM tries: u32 prefix length, then the data; their codec without a key type, and their text form. */

import type { Codec } from './codec.ts'
import { checkInt, checkObject } from './codec-checks.ts'
import { bytesCodec } from './handle.ts'
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './text.ts'
import type { LpmKey } from './types.ts'

const HEADER = 4

export function lpmKeyCodec(size: number, name: string): Codec<LpmKey> {
  const data = bytesCodec(size - HEADER, `${name}.data`)
  return {
    size,
    decode: (bytes, offset = 0) => ({
      prefixLength: new DataView(bytes.buffer, bytes.byteOffset + offset, size).getUint32(0, true),
      data: data.decode(bytes, offset + HEADER),
    }),
    encode(value, out = new Uint8Array(size), offset = 0) {
      const key = checkObject(value, ['prefixLength', 'data'], name)
      const prefix = checkInt(key.prefixLength, 32, 'u', `${name}.prefixLength`)
      const bits = (size - HEADER) * 8
      if (prefix > bits) throw new RangeError(`${name}.prefixLength: ${prefix}, but the data has ${bits} bits`)
      new DataView(out.buffer, out.byteOffset + offset, size).setUint32(0, prefix, true)
      // `data` checks what it is given.
      data.encode(key.data as Uint8Array, out, offset + HEADER)
      return out
    },
  }
}

/** Bytes of IPv4 and IPv6 addresses. */
const IPV4 = 4
const IPV6 = 16

/** `10.0.0.0/8` or `fd00::1` as a key of `size` bytes. `path` begins the error message. */
export function parsePrefix(text: string, size: number, path: string): Uint8Array {
  const length = size - HEADER
  const example = length === IPV4 ? '"10.0.0.0/8"' : length === IPV6 ? '"fd00::/8"' : undefined
  if (example === undefined) {
    throw new TypeError(`${path}: keys of ${length} bytes have no text form; give { prefixLength, data }`)
  }
  const [address = '', bits, ...rest] = text.split('/')
  const prefix = bits === undefined ? length * 8 : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
  if (rest.length > 0 || !(prefix <= length * 8)) {
    throw new TypeError(`${path}: expected a prefix like ${example}, got ${JSON.stringify(text)}`)
  }
  const key = new Uint8Array(size)
  new DataView(key.buffer).setUint32(0, prefix, true)
  if (length === IPV4) new DataView(key.buffer).setUint32(HEADER, parseIpv4(address, path))
  else key.set(parseIpv6(address, path), HEADER)
  return key
}

/** The other way; the bits behind the prefix are shown as they are. */
export function formatPrefix(key: Uint8Array, map: string): string {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  const bits = view.getUint32(0, true)
  if (key.length === HEADER + IPV4) return `${formatIpv4(view.getUint32(HEADER))}/${bits}`
  if (key.length === HEADER + IPV6) return `${formatIpv6(key.subarray(HEADER))}/${bits}`
  throw new TypeError(`map ${map}: keys of ${key.length - HEADER} bytes have no text form`)
}
