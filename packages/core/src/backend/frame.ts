/**
 * Places stack slots in the 512 bytes below r10 (MAX_BPF_STACK, include/linux/filter.h) and rewrites frame references.
 *
 *   r10 ->  +--------------------+  0
 *           | slots, 8-aligned   |
 *           | first, small last  |
 *           +--------------------+  -stackSize
 */
import { Abort } from '../diag/diagnostic.ts'
import type { Span } from '../diag/source.ts'
import type { Slot } from '../ssa/inst.ts'
import type { MachFunc } from './mach.ts'

const MAX_STACK = 512

export interface Frame {
  /** Offset from r10, negative. */
  offsetOf(slot: Slot): number
  /** Bytes, a multiple of 8. */
  readonly size: number
}

export function layoutFrame(fn: MachFunc, span: Span | undefined): Frame {
  const used = new Set<Slot>()
  for (const block of fn.blocks) for (const inst of block.insts) if (inst.slot) used.add(inst.slot)
  const offsets = new Map<Slot, number>()
  let top = 0
  // Large alignments first: no padding between them.
  for (const slot of [...used].sort((a, b) => b.align - a.align || a.id - b.id)) {
    top -= slot.size
    // Slots of 8 bytes or more may be written by whole words.
    const align = Math.max(slot.align, slot.size >= 8 ? 8 : 1)
    top = Math.floor(top / align) * align
    offsets.set(slot, top)
  }
  const size = Math.ceil(-top / 8) * 8
  if (size > MAX_STACK) throw stackOverflow([...used], size, span)
  return {
    offsetOf: (slot) => offsets.get(slot)!,
    size,
  }
}

function stackOverflow(slots: Slot[], size: number, span: Span | undefined): Abort {
  const largest = slots.sort((a, b) => b.size - a.size).slice(0, 8)
  return new Abort('stack-overflow', span, `the program needs ${size} bytes of stack; the kernel allows ${MAX_STACK}`, {
    hint: 'keep large values in a map (a one-entry array or per-CPU array) or in a ring buffer record',
    notes: largest.map((slot) => ({ message: `${slot.name}: ${slot.size} bytes` })),
  })
}
