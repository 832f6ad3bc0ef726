/** Numbers as a little-endian kernel sees what lies in network order. */

/** `htons(443)` is what a `user_port` of a context holds. */
export function htons(value: number): number {
  return ((value & 0xff) << 8) | ((value >> 8) & 0xff)
}

export function htonl(value: number): number {
  return ((htons(value & 0xffff) << 16) | htons(value >>> 16)) >>> 0
}
