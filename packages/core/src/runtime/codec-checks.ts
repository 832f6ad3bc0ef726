/**
 * Checks of values on their way into bytes, shared by `codecFor` and by generated codecs, so that both refuse the same
 * values with the same words: a wrong type is a TypeError, a number that does not fit a RangeError, and the message
 * begins with the field's path (`connEvent.dstPort: 70000 does not fit u16`).
 */

/** What a value is, in the words of an error message. */
function describe(value: unknown): string {
  if (typeof value === 'bigint') return `the bigint ${value}n`
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)
  if (value === null || typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return 'an array'
  return value.constructor?.name === 'Object' ? 'an object' : `a ${value.constructor?.name ?? 'object'}`
}

/** An integer of up to 32 bits. */
export function checkInt(value: unknown, bits: 8 | 16 | 32, sign: 'u' | 'i', path: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new TypeError(`${path}: expected an integer that fits ${sign}${bits}, got ${describe(value)}`)
  }
  const low = sign === 'u' ? 0 : -(2 ** (bits - 1))
  const high = sign === 'u' ? 2 ** bits - 1 : 2 ** (bits - 1) - 1
  if (value < low || value > high) throw new RangeError(`${path}: ${value} does not fit ${sign}${bits}`)
  return value
}

/** A 64-bit integer. */
export function checkBigInt(value: unknown, sign: 'u' | 'i', path: string): bigint {
  if (typeof value !== 'bigint') {
    const hint = typeof value === 'number' && Number.isInteger(value) ? ` (write ${value}n)` : ''
    throw new TypeError(`${path}: expected a bigint for ${sign}64, got ${describe(value)}${hint}`)
  }
  const same = sign === 'u' ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value)
  if (same !== value) throw new RangeError(`${path}: ${value} does not fit ${sign}64`)
  return value
}

export function checkBoolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${path}: expected true or false, got ${describe(value)}`)
  return value
}

/** Exactly `length` bytes; an ordinary array of bytes is taken too. */
export function checkBytes(value: unknown, length: number, path: string): Uint8Array {
  if (!(value instanceof Uint8Array) && !Array.isArray(value)) {
    throw new TypeError(`${path}: expected a Uint8Array of ${length} bytes, got ${describe(value)}`)
  }
  if (value.length !== length) throw new RangeError(`${path}: expected ${length} bytes, got ${value.length}`)
  if (value instanceof Uint8Array) return value
  return Uint8Array.from(value, (byte, i) => checkInt(byte, 8, 'u', `${path}[${i}]`))
}

/** An array (or typed array) of exactly `length` elements. */
export function checkArray(value: unknown, length: number, path: string): ArrayLike<unknown> {
  const isArray = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
  if (!isArray) throw new TypeError(`${path}: expected an array of ${length} elements, got ${describe(value)}`)
  // Every typed array is ArrayLike; ArrayBufferView does not say so.
  const array = value as unknown as ArrayLike<unknown>
  if (array.length !== length) throw new RangeError(`${path}: expected ${length} elements, got ${array.length}`)
  return array
}

/** An object whose own keys are all in `keys`; `all`: and which has every one of them. */
export function checkObject(
  value: unknown,
  keys: readonly string[],
  path: string,
  needed: 'all' | 'some' = 'all',
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new TypeError(`${path}: expected an object with ${keys.join(', ')}, got ${describe(value)}`)
  }
  const missing = needed === 'all' ? keys.filter((key) => !(key in value)) : []
  if (missing.length > 0) throw new TypeError(`${path}: missing ${missing.join(', ')}`)
  const unknown = Object.keys(value).find((key) => !keys.includes(key))
  if (unknown !== undefined) {
    throw new TypeError(`${path}: unknown field ${unknown}; the fields are ${keys.join(', ')}`)
  }
  return value as Record<string, unknown>
}
