/**
 * Packet accesses relative to the pointer of a bounds check:
 *
 *   q = add p, 54           r2 += 54
 *   br.ugt q, end           if r2 > r1 goto ...
 *   load p+12               r3 = *(u16 *)(r2 - 42)
 *
 * Without it `p` stays alive next to `q`, which costs a copy per check. It applies when `p` is not needed after `q`
 * except for accesses that `q` precedes on every path. Relies on check_packet_access (kernel/bpf/verifier.c, 6.18): the
 * fixed parts of pointer and instruction are summed before the comparison with the range, so a negative offset is fine;
 * the range belongs to the packet pointer's id and survives adding a constant. Where a check of `q` failed, the register
 * of `q` (and no other) is marked as beyond the end (mark_pkt_end), so accesses there, and where the paths meet again,
 * stay with `p`.
 */
import type { DomTree } from '../ssa/dom.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst, InstOf } from '../ssa/inst.ts'
import { pointerSpace } from './pointer-space.ts'
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
      if (inst.type === 'ptr' && inst.uses.size > 1 && pointerSpace(inst) === 'packet') {
        rebaseUses(inst, dom, folded, rebased)
      }
    }
  }
  return rebased
}

function rebaseUses(p: Inst, dom: DomTree, folded: ReadonlySet<Inst>, rebased: Map<Inst, Rebased>): void {
  const users = [...p.uses]
  const shifted = users.filter((user) => isShifted(user, p) && !folded.has(user))
  const bases = shifted.filter((q) => isLastNeed(q, p, dom, folded))
  for (const user of users) {
    const base = nearest(bases, user, dom)
    if (base) rebased.set(user, { base, delta: -smallConst(base.args[1]!)! })
  }
}

function isShifted(user: Inst, p: Inst): boolean {
  return user.op === 'add' && user.args[0] === p && user.args[1] !== p && smallConst(user.args[1]!) !== undefined
}

/** After `q`, every use of `p` is one that `q` can serve. */
function isLastNeed(q: Inst, p: Inst, dom: DomTree, folded: ReadonlySet<Inst>): boolean {
  const later = reachableBlocks(q.block!, p.block!)
  for (const user of p.uses) {
    if (user === q) continue
    if (user.op === 'phi') {
      const leaves = user.block!.preds.filter((_, i) => user.args[i] === p)
      if (leaves.some((block) => block === q.block || later.has(block))) return false
    } else if (dom.precedes(q, user)) {
      if (!isBehindPassedChecks(q, user, dom)) return false
      if (!isShifted(user, p) && !folded.has(user) && !isNearAccess(user, p)) return false
    } else if (later.has(user.block!)) return false
  }
  return true
}

/** No path to the user leads over an edge on which a check of `q` failed. */
function isBehindPassedChecks(q: Inst, user: Inst, dom: DomTree): boolean {
  for (const check of q.uses) {
    if (check.op !== 'br' || check === user) continue
    const from = check.block!
    const pass = from.succs[passingEdge(check, q)]!
    const passed = pass.preds.length === 1 && dom.dominates(pass, user.block!)
    if (!passed && reachableBlocks(from, q.block!).has(user.block!)) return false
  }
  return true
}

/** Index of the target where `q` lies inside the packet. */
function passingEdge({ attr, args }: InstOf<'br'>, q: Inst): 0 | 1 {
  const below = attr.pred === 'ult' || attr.pred === 'ule'
  return below === (args[0] === q) ? 0 : 1
}

/** Both offsets stay far inside 16 bits. */
function isNearAccess(user: Inst, p: Inst): boolean {
  return addressesOnly(user, p) && Math.abs((user.attr as { offset: number }).offset) <= 0x3fff
}

/** Blocks that are entered after `from` without computing the pointer of block `def` anew. */
function reachableBlocks(from: Block, def: Block): Set<Block> {
  const reached = new Set<Block>()
  const work = [...from.succs]
  for (let block = work.pop(); block; block = work.pop()) {
    if (reached.has(block) || block === def) continue
    reached.add(block)
    work.push(...block.succs)
  }
  return reached
}

/** The last of the shifted pointers that is computed before `user` on every path. */
function nearest(bases: readonly Inst[], user: Inst, dom: DomTree): Inst | undefined {
  let found: Inst | undefined
  for (const q of bases) {
    if (q !== user && dom.precedes(q, user) && (!found || dom.precedes(found, q))) found = q
  }
  return found
}
