/** Text and numbers: bpf_strtol, bpf_strtoul, bpf_snprintf (kernel/bpf/helpers.c and lib/kstrtox.c, 6.18). */
import { ERRNO } from '../errno.ts'
import type { Machine, VmHelper } from '../machine.ts'
import { formatArguments, printf, restOf } from './trace.ts'

/** Bits of the flags that are the base (BPF_STRTOX_BASE_MASK). */
const BASE_MASK = 0x1fn
const BASES = [0, 8, 10, 16]
/** Characters after sign and space that the kernel looks at. */
const MAX_DIGITS = 63
/** isspace of the kernel: \t \n \v \f \r, space, no-break space. */
const SPACES = /^[\t-\r \xa0]*/

interface Parsed {
  readonly value: bigint
  readonly negative: boolean
  /** Characters read. */
  readonly length: number
}

/** The number at the start of `text`, or a negative errno (__bpf_strtoull). */
function parseNumber(text: string, flags: bigint): Parsed | number {
  let base = Number(flags & BASE_MASK)
  if (text === '' || !BASES.includes(base) || (flags & ~BASE_MASK) !== 0n) return -ERRNO.EINVAL
  const spaces = SPACES.exec(text)![0].length
  const negative = text[spaces] === '-'
  const start = spaces + (negative ? 1 : 0)
  const rest = text.slice(start, start + MAX_DIGITS)
  // _parse_integer_fixup_radix
  if (base === 0) base = /^0x[0-9a-f]/i.test(rest) ? 16 : rest.startsWith('0') ? 8 : 10
  const prefix = base === 16 && /^0x/i.test(rest) ? 2 : 0
  const digits = DIGITS[base]!.exec(rest.slice(prefix))![0]
  if (digits === '') return -ERRNO.EINVAL
  const value = [...digits].reduce((sum, digit) => sum * BigInt(base) + BigInt(Number.parseInt(digit, 16)), 0n)
  return value >= 1n << 64n ? -ERRNO.ERANGE : { value, negative, length: start + prefix + digits.length }
}

const DIGITS: Readonly<Record<number, RegExp>> = { 8: /^[0-7]*/, 10: /^[0-9]*/, 16: /^[0-9a-f]*/i }

/** `fit` gives the number to store, or a negative errno. */
const parse =
  (fit: (parsed: Parsed) => bigint | number): VmHelper =>
  (m) => {
    const text = String.fromCharCode(...m.bytes(1, m.u32(2), 'read'))
    const out = m.bytes(4, 8, 'write')
    const parsed = parseNumber(text, m.u64(3))
    const value = typeof parsed === 'number' ? parsed : fit(parsed)
    const view = new DataView(out.buffer, out.byteOffset, 8)
    // As in the kernel, a failure leaves zero.
    view.setBigInt64(0, typeof value === 'bigint' ? value : 0n, true)
    if (typeof value === 'number') m.result(value)
    else m.result((parsed as Parsed).length)
  }

const signed = ({ value, negative }: Parsed): bigint | number => {
  const result = negative ? -value : value
  return BigInt.asIntN(64, result) === result ? result : -ERRNO.ERANGE
}

const unsigned = ({ value, negative }: Parsed): bigint | number => (negative ? -ERRNO.EINVAL : value)

/** MAX_BPRINTF_VARARGS u64s. */
const MAX_DATA = 12 * 8

const snprintf: VmHelper = (m: Machine) => {
  const out = m.bytes(1, m.u32(2), 'write')
  const length = m.u32(5)
  if (length % 8 !== 0 || length > MAX_DATA) return m.result(-ERRNO.EINVAL)
  const text = printf(m, restOf(m, 3), formatArguments(m.bytes(4, length, 'read')))
  if (text === undefined) return m.result(-ERRNO.EINVAL)
  const bytes = new TextEncoder().encode(text)
  if (out.length > 0) {
    const kept = bytes.subarray(0, out.length - 1)
    out.set(kept)
    out[kept.length] = 0
  }
  // What it would need, with the NUL.
  m.result(bytes.length + 1)
}

export const numberHelpers = {
  strtol: parse(signed),
  strtoul: parse(unsigned),
  snprintf,
} satisfies Record<string, VmHelper>
