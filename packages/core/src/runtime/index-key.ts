/** Keys of array maps. */
import type { MapHandle } from './types.ts'

export function u32Key(index: number): Uint8Array {
  return Uint8Array.of(index, index >>> 8, index >>> 16, index >>> 24)
}

/** As `u32Key`, into the first 4 bytes of `out`. */
export function writeIndex(out: Uint8Array, index: number): Uint8Array {
  out[0] = index
  out[1] = index >>> 8
  out[2] = index >>> 16
  out[3] = index >>> 24
  return out
}

export function assertIndex(map: MapHandle, index: number): void {
  if (typeof index !== 'number' || !Number.isInteger(index)) {
    throw new TypeError(`map ${map.name}: expected an index from 0 to ${map.maxEntries - 1}, got ${String(index)}`)
  }
  if (index < 0 || index >= map.maxEntries) {
    throw new RangeError(`map ${map.name}: index ${index} is not in 0 .. ${map.maxEntries - 1}`)
  }
}
