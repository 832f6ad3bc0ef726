/**
 * Parallel copies as a sequence: all sources are read before any destination is written.
 *
 *   in:  moves whose destinations are distinct
 *   out: the same effect, one move at a time; a cycle costs one extra register
 */
import type { Reg } from './mach.ts'

export interface Move {
  readonly dst: Reg
  readonly src: Reg
}

export function sequentialize(moves: readonly Move[], newReg: () => Reg): Move[] {
  const pending = new Map(moves.filter((m) => m.dst !== m.src).map((m) => [m.dst, m.src]))
  const readers = new Map<Reg, number>()
  for (const src of pending.values()) readers.set(src, (readers.get(src) ?? 0) + 1)
  const ready = [...pending.keys()].filter((dst) => !readers.get(dst))
  const sequence: Move[] = []
  const drain = (): void => {
    for (let dst = ready.pop(); dst !== undefined; dst = ready.pop()) {
      const src = pending.get(dst)!
      pending.delete(dst)
      sequence.push({ dst, src })
      const left = readers.get(src)! - 1
      readers.set(src, left)
      if (left === 0 && pending.has(src)) ready.push(src)
    }
  }
  drain()
  while (pending.size > 0) {
    // Only cycles are left: save one destination, whose reader then takes the copy.
    const [dst] = pending.keys()
    const saved = newReg()
    sequence.push({ dst: saved, src: dst! })
    for (const [reader, src] of pending) if (src === dst) pending.set(reader, saved)
    readers.set(saved, readers.get(dst!)!)
    readers.set(dst!, 0)
    ready.push(dst!)
    drain()
  }
  return sequence
}
