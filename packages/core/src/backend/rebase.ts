/**
 * Packet accesses relative to the pointer of a bounds check:
 *
 *   q = add p, 54           r2 += 54
 *   br.ugt q, end           if r2 > r1 goto ...
 *   load p+12               r3 = *(u16 *)(r2 - 42)
 *
 * Without it `p` stays alive next to `q`, which costs a copy per check. It applies when every use of `p` is the first
 * check or an access after it. Relies on check_packet_access (kernel/bpf/verifier.c, 6.18): the fixed parts of pointer
 * and instruction are summed before the comparison with the range, so a negative offset is fine; the range belongs to
 * the packet pointer's id and survives adding a constant.
 */
import type { DomTree } from '../ssa/dom.ts'
import type { Func, Inst } from '../ssa/func.ts'
import { addressesOnly, smallConst } from './remat.ts'

/** Address of an access (or operand of a later add): `base + delta` in place of the original pointer. */
export interface Rebased {
  readonly base: Inst
  readonly delta: number
}

export function findRebased(fn: Func, dom: DomTree, folded: ReadonlySet<Inst>): Map<Inst, Rebased> {
  const rebased = new Map<Inst, Rebased>()
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      if (inst.op === 'load' && inst.attr.space === 'packet') rebaseUses(inst, dom, folded, rebased)
    }
  }
  return rebased
}

function rebaseUses(p: Inst, dom: DomTree, folded: ReadonlySet<Inst>, rebased: Map<Inst, Rebased>): void {
  const users = [...p.uses]
  const moved = users.filter((u) => isShifted(u, p) && !folded.has(u))
  const first = moved.find((q) => users.every((u) => u === q || dom.precedes(q, u)))
  if (!first) return
  for (const user of users) {
    if (user === first || isShifted(user, p)) continue
    // Both offsets stay far inside 16 bits.
    if (!addressesOnly(user, p) || Math.abs((user.attr as { offset: number }).offset) > 0x3fff) return
  }
  for (const user of users) {
    if (user === first) continue
    const base = nearest(moved, user, dom) ?? first
    rebased.set(user, { base, delta: -smallConst(base.args[1]!)! })
  }
}

function isShifted(user: Inst, p: Inst): boolean {
  return user.op === 'add' && user.args[0] === p && smallConst(user.args[1]!) !== undefined
}

/** The last of the shifted pointers that is computed before `user` on every path. */
function nearest(moved: readonly Inst[], user: Inst, dom: DomTree): Inst | undefined {
  let found: Inst | undefined
  for (const q of moved) {
    if (q !== user && dom.precedes(q, user) && (!found || dom.precedes(found, q))) found = q
  }
  return found
}
