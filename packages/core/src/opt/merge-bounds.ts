/**
 * Two bounds checks of one packet that fail to the same place become one, of the larger size, at the place of the first.
 *   in:  valid SSA, returns shared (simplify-cfg)
 *   out: fewer checks; every packet access is still behind a check that covers it
 *
 *   b1: br.ugt (data + 34), end -> b9, b2          b1: br.ugt (data + 54), end -> b9, b2
 *   b2: br.ne type, 8 -> b9, b3                =>  b2: br.ne type, 8 -> b9, b3
 *   b3: br.ugt (data + 54), end -> b9, b4          b3: jump b4
 *
 * Equal: a packet that the second check refuses ends in b9 with or without passing the tests in between, as long as
 * these do nothing but branch, and leave only to b9. The check only moves up and grows, so the verifier knows more
 * (find_good_pkt_pointers, kernel/bpf/verifier.c; 6.18).
 */

import { memoryOf, rootOf } from '../ssa/alias.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst, InstOf } from '../ssa/inst.ts'
import { SWAPPED_PRED } from '../tables/ir-ops.ts'
import { rowOf } from './effects.ts'
import type { Pass } from './pass.ts'

/** Blocks between two checks that are looked at. */
const REGION_LIMIT = 40

export const mergeBounds: Pass = {
  name: 'merge-bounds',
  run(fn) {
    let changed = false
    for (const block of [...fn.blocks]) {
      for (let check = checkOf(block); check; check = checkOf(block)) {
        const later = laterCheck(check)
        if (!later) break
        merge(fn, check, later)
        changed = true
      }
    }
    return changed ? 'cfg' : false
  },
}

interface Check {
  readonly branch: InstOf<'br'>
  /** Position of `data + size` among the operands; the other is data_end. */
  readonly side: 0 | 1
  readonly base: Inst
  readonly end: Inst
  readonly size: number
  readonly pass: Block
  readonly fail: Block
}

/** Outcome that means "too short", by predicate with the pointer on the left. */
const FAILS_WHEN = { ugt: true, ule: false } as const

function checkOf(block: Block): Check | undefined {
  const branch = block.insts.at(-1)
  if (branch?.op !== 'br' || branch.attr.width !== 64) return undefined
  const { pred } = branch.attr
  const side = pred in FAILS_WHEN ? 0 : 1
  const left = side === 0 ? pred : SWAPPED_PRED[pred]
  if (!(left in FAILS_WHEN)) return undefined
  const [pointer, end] = side === 0 ? branch.args : [...branch.args].reverse()
  const { root: base, offset: size } = rootOf(pointer!)
  if (memoryOf(base) !== 'packet' || size === undefined || !isPacketEnd(end!) || isPacketEnd(base)) return undefined
  const failsWhenTaken = FAILS_WHEN[left as keyof typeof FAILS_WHEN]
  const [taken, other] = block.succs as [Block, Block]
  const [fail, pass] = failsWhenTaken ? [taken, other] : [other, taken]
  return { branch, side, base, end: end!, size, pass, fail }
}

function isPacketEnd(value: Inst): boolean {
  return value.op === 'load' && value.attr.space === 'packetEnd'
}

/** A check of the same packet behind this one, with nothing but tests in between that fail to the same place. */
function laterCheck(first: Check): Check | undefined {
  const region = new Set<Block>()
  const found = new Set<Check>()
  const work = [first.pass]
  for (let block = work.pop(); block; block = work.pop()) {
    if (region.has(block) || block === first.fail) continue
    region.add(block)
    if (region.size > REGION_LIMIT || !hasNoEffect(block) || block.succs.length === 0) return undefined
    const check = checkOf(block)
    if (check && check.base === first.base && check.end === first.end && check.fail === first.fail) found.add(check)
    else work.push(...block.succs)
  }
  const [second] = found
  if (found.size !== 1 || !second || second.pass === first.fail) return undefined
  const start = first.branch.block!
  const closed = [...region].every((block) => block.preds.every((pred) => pred === start || region.has(pred)))
  if (!closed || region.has(start)) return undefined
  return failsAlike(first.fail, [start, ...region]) ? second : undefined
}

function hasNoEffect(block: Block): boolean {
  return block.insts.every((inst) => {
    const row = rowOf(inst)
    return row.class === 'terminator' || row.pure || inst.op === 'load'
  })
}

/** The phis of the common target get one and the same value over every edge from these blocks. */
function failsAlike(fail: Block, froms: readonly Block[]): boolean {
  const edges = froms.map((from) => fail.preds.indexOf(from)).filter((at) => at >= 0)
  return fail.insts.every((phi) => {
    if (phi.op !== 'phi') return true
    const [first, ...others] = edges.map((at) => phi.args[at]!)
    return others.every(
      (arg) => arg === first || (arg.op === 'const' && first?.op === 'const' && arg.attr.value === first.attr.value),
    )
  })
}

function merge(fn: Func, first: Check, second: Check): void {
  const { branch, side, base, end } = first
  const block = branch.block!
  if (second.size > first.size) {
    const size = fn.insertBefore(branch as Inst, 'const', { value: BigInt.asUintN(64, BigInt(second.size)) }) as Inst
    const pointer = fn.insertBefore(branch as Inst, 'add', { width: 64 }, [base, size]) as Inst
    fn.replaceCondition(block, branch.attr, side === 0 ? [pointer, end] : [end, pointer], 'same')
  }
  const later = second.branch.block!
  fn.foldBranch(later, later.succs[0] === second.pass ? 0 : 1)
}
