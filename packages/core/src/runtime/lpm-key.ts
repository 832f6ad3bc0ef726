/** Codec of an LPM trie's key when the declaration has no key type: u32 prefix length, then the data. */

import type { Codec } from './codec.ts'
import { checkInt, checkObject } from './codec-checks.ts'
import { bytesCodec } from './handle.ts'
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
