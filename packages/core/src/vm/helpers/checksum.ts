/** Internet checksums (RFC 1071, RFC 1624): csum_diff, l3_csum_replace, l4_csum_replace (net/core/filter.c 6.18). */
import { ERRNO } from '../errno.ts'
import type { VmHelper } from '../machine.ts'
import { packetOf } from './xdp.ts'

/** Adds with end-around carry on 32 bits. */
const add32 = (a: number, b: number): number => {
  const sum = (a >>> 0) + (b >>> 0)
  return (sum > 0xffff_ffff ? sum + 1 : sum) >>> 0
}

const fold16 = (sum: number): number => {
  const once = (sum & 0xffff) + (sum >>> 16)
  return (once & 0xffff) + (once >>> 16)
}

/** One's complement sum of 16-bit words as they lie in memory on a little-endian machine. */
function sumOf(bytes: Uint8Array, start: number): number {
  let sum = start >>> 0
  for (let i = 0; i + 1 < bytes.length; i += 2) sum = add32(sum, bytes[i]! | (bytes[i + 1]! << 8))
  return bytes.length % 2 === 1 ? add32(sum, bytes.at(-1)!) : sum
}

/** Since 6.13 the kernel gives the sum folded to 16 bits (csum_from32to16). */
const diff: VmHelper = (m) => {
  const fromSize = m.u32(2)
  const toSize = m.u32(4)
  if (fromSize % 4 !== 0 || toSize % 4 !== 0) return m.result(-ERRNO.EINVAL)
  const from = m.bytes(1, fromSize, 'read')
  const to = m.bytes(3, toSize, 'read')
  const removed = from.length === 0 ? 0 : ~sumOf(from, 0) >>> 0
  m.result(fold16(add32(add32(sumOf(to, 0), removed), m.u32(5))))
}

/** BPF_F_HDR_FIELD_MASK, BPF_F_MARK_MANGLED_0, BPF_F_MARK_ENFORCE, BPF_F_PSEUDO_HDR, BPF_F_IPV6. */
const FIELD = 0xf
const MARK_MANGLED_0 = 0x20
const MARK_ENFORCE = 0x40
const PSEUDO_HDR = 0x10
const IPV6 = 0x80

const replace =
  (layer: 'l3' | 'l4'): VmHelper =>
  (m) => {
    const packet = packetOf(m)
    const offset = m.u32(2)
    const flags = m.u32(5)
    const known = layer === 'l3' ? FIELD : FIELD | MARK_MANGLED_0 | MARK_ENFORCE | PSEUDO_HDR | IPV6
    if (m.hi[5] !== 0 || (flags & ~known) !== 0) return m.result(-ERRNO.EINVAL)
    if (offset > 0xffff || offset % 2 !== 0 || offset + 2 > packet.length) return m.result(-ERRNO.EFAULT)
    const { view } = packet.region
    const at = packet.data + offset
    const check = view.getUint16(at, true)
    if (layer === 'l4' && (flags & MARK_MANGLED_0) !== 0 && (flags & MARK_ENFORCE) === 0 && check === 0)
      return m.result(0)
    const from = m.u32(3)
    const to = m.u32(4)
    const field = flags & FIELD
    // Field 0: `to` is a difference from csum_diff; 2 and 4: bytes of an old and a new value.
    if (field === 0 ? from !== 0 : field !== 2 && field !== 4) return m.result(-ERRNO.EINVAL)
    const removed = field === 0 ? 0 : field === 2 ? ~(from & 0xffff) >>> 0 : ~from >>> 0
    const added = field === 2 ? to & 0xffff : to
    const sum = add32(add32(~check >>> 0, removed), added)
    let result = ~fold16(fold16(sum)) & 0xffff
    if (layer === 'l4' && (flags & MARK_MANGLED_0) !== 0 && result === 0) result = 0xffff
    view.setUint16(at, result, true)
    m.result(0)
  }

export const checksumHelpers = {
  csum_diff: diff,
  l3_csum_replace: replace('l3'),
  l4_csum_replace: replace('l4'),
} satisfies Record<string, VmHelper>
