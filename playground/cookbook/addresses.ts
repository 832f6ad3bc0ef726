import { endianness } from 'node:os'

/** `10.0.0.1` of a number: in host order #x0a000001, in network order what four bytes of a packet are as a u32. */
export function dotted(address: number, order: 'host' | 'network'): string {
  const swap = order === 'network' && endianness() === 'LE'
  const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff)
  return (swap ? bytes.reverse() : bytes).join('.')
}

/** The number of `10.0.0.1`, in host order. */
export function addressNumber(text: string): number {
  return addressBytes(text).reduce((sum, byte) => sum * 256 + byte, 0)
}

export function addressBytes(text: string): Uint8Array {
  const parts = text.split('.').map(Number)
  if (parts.length !== 4 || !parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)) {
    throw new TypeError(`${text} is not an IPv4 address`)
  }
  return Uint8Array.from(parts)
}
