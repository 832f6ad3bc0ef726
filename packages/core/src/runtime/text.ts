/**
 * Text forms of byte arrays and addresses that a type's `display` asks for: NUL-terminated strings, MAC, IPv4 and IPv6
 * addresses. Parsers throw a TypeError that begins with the field's path; formatters never fail.
 */

/** Up to the first NUL, as UTF-8. */
export function readString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** UTF-8 bytes, the rest of `length` filled with NUL. A string that fills all bytes has no NUL, as in the kernel. */
export function writeString(value: unknown, length: number, path: string): Uint8Array {
  if (typeof value !== 'string') throw new TypeError(`${path}: expected a string, got ${typeof value}`)
  const text = new TextEncoder().encode(value)
  if (text.length > length) {
    throw new RangeError(`${path}: ${JSON.stringify(value)} has ${text.length} bytes, the field ${length}`)
  }
  const out = new Uint8Array(length)
  out.set(text)
  return out
}

export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}

export function parseMac(value: unknown, path: string): Uint8Array {
  if (typeof value !== 'string' || !/^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}$/i.test(value)) {
    throw new TypeError(`${path}: expected a MAC address like "02:00:00:00:00:01", got ${String(value)}`)
  }
  return Uint8Array.from(value.split(/[:-]/), (part) => Number.parseInt(part, 16))
}

/** The most significant byte comes first. */
export function formatIpv4(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')
}

export function parseIpv4(value: unknown, path: string): number {
  const parts = typeof value === 'string' && /^\d{1,3}(\.\d{1,3}){3}$/.test(value) ? value.split('.').map(Number) : []
  if (parts.length !== 4 || parts.some((part) => part > 255)) {
    throw new TypeError(`${path}: expected an IPv4 address like "10.0.0.1", got ${String(value)}`)
  }
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

/** Shortest form of RFC 5952: the longest run of zero groups becomes `::`. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  let best = { start: -1, length: 1 }
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > best.length) best = { start: i, length: end - i }
  }
  const hex = groups.map((group) => group.toString(16))
  if (best.start < 0) return hex.join(':')
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`
}

export function parseIpv6(value: unknown, path: string): Uint8Array {
  const groups = typeof value === 'string' ? ipv6Groups(value) : undefined
  if (groups === undefined) {
    throw new TypeError(`${path}: expected an IPv6 address like "fd00::1", got ${String(value)}`)
  }
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]))
}

function ipv6Groups(text: string): number[] | undefined {
  // A dotted tail (::ffff:10.0.0.1) is two groups.
  const dotted = /^(.*:)(\d{1,3}(?:\.\d{1,3}){3})$/.exec(text)
  if (dotted) {
    const parts = dotted[2]!.split('.').map(Number)
    if (parts.some((part) => part > 255)) return undefined
    const [a, b, c, d] = parts as [number, number, number, number]
    return ipv6Groups(`${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`)
  }
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':'))) as [string[], string[]?]
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const all = tail === undefined ? head : [...head, ...Array<string>(missing).fill('0'), ...tail]
  return all.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? all.map((g) => Number.parseInt(g, 16)) : undefined
}
