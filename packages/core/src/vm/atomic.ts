/**
 * Atomic operations (RFC 9669, section 5.3). Nothing runs beside a VM program, so a read and a write are atomic. The
 * address must be aligned, as the kernel's verifier demands.
 */
import type { Code } from './code.ts'
import type { Machine } from './machine.ts'
import { AccessError, allowsAtomics } from './memory.ts'

const FETCH = 0x01
const XCHG = 0xe1
const CMPXCHG = 0xf1

/** `code.op`: the operation's immediate with the access size (4 or 8) in bits 2 and 3, see `decodeAtomic`. */
export function atomic(m: Machine, code: Code, pc: number): void {
  const { lo, hi, memory } = m
  const size = code.op[pc]! & 0xc
  const op = code.op[pc]! & 0xf3
  const dst = code.dst[pc]!
  const src = code.src[pc]!
  const sum = (lo[dst]! >>> 0) + code.off[pc]!
  const offset = memory.locate(sum | 0, hi[dst]! + carry(sum), size, 'write')
  const { region } = memory
  if (!allowsAtomics(region)) {
    throw new AccessError(`atomic access to ${region.name} is not allowed`)
  }
  if (offset % size !== 0) throw new AccessError('misaligned atomic access')
  const { view } = region
  const oldLo = view.getInt32(offset, true)
  const oldHi = size === 8 ? view.getInt32(offset + 4, true) : 0
  const write = (l: number, h: number) => {
    view.setInt32(offset, l, true)
    if (size === 8) view.setInt32(offset + 4, h, true)
  }
  const bLo = lo[src]!
  const bHi = hi[src]!
  if (op === CMPXCHG) {
    const same = oldLo === lo[0] && (size === 4 || oldHi === hi[0])
    if (same) write(bLo, bHi)
    lo[0] = oldLo
    hi[0] = oldHi
    return
  }
  switch (op & ~FETCH) {
    case 0x00: {
      const l = (oldLo >>> 0) + (bLo >>> 0)
      write(l, oldHi + bHi + (l > 0xffff_ffff ? 1 : 0))
      break
    }
    case 0x40:
      write(oldLo | bLo, oldHi | bHi)
      break
    case 0x50:
      write(oldLo & bLo, oldHi & bHi)
      break
    case 0xa0:
      write(oldLo ^ bLo, oldHi ^ bHi)
      break
    case XCHG & ~FETCH:
      write(bLo, bHi)
      break
    default:
      throw new AccessError(`atomic operation 0x${op.toString(16)} is not known`)
  }
  if ((op & FETCH) !== 0) {
    lo[src] = oldLo
    hi[src] = oldHi
  }
}

/** What adding a signed offset to an unsigned low word does to the high one. */
function carry(sum: number): number {
  return sum < 0 ? -1 : sum > 0xffff_ffff ? 1 : 0
}
