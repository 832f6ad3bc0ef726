import { describe, expect, it } from 'vitest'
import { dominators } from '../../../packages/core/src/ssa/dom.ts'
import type { Func } from '../../../packages/core/src/ssa/func.ts'
import type { Inst } from '../../../packages/core/src/ssa/inst.ts'
import { findLoops } from '../../../packages/core/src/ssa/loops.ts'
import { parseFunc } from '../../../packages/core/src/ssa/parse.ts'
import { printFunc } from '../../../packages/core/src/ssa/print.ts'
import { verifyFunc } from '../../../packages/core/src/ssa/verify.ts'
import { randomFunc } from '../../support/random-func.ts'

const LOOP = `map hits hash 4 8 16
func p xdp {
  slot s0 key 4 8
b0:
  v0 = param 0
  v1:ptr = load.32 v0+0 packet
  v2 = const 0
  v3 = const 5
  v4 = slot s0
  jump b1
b1:
  v5 = phi [b0: v2, b2: v9]
  br.ult.64 v5, v3 -> b2, b3
b2:
  store.32 v4+0, v5
  v6 = mapRef hits
  v7:ptr = call map_lookup_elem v6, v4
  v8 = const 1
  v9 = add.64 v5, v8
  jump b1
b3:
  v10 = cmp.eq.32 v5, v3
  ret v10
}
`

describe('print and parse', () => {
  it('reads back what it wrote', () => {
    const fn = parseFunc(LOOP)
    verifyFunc(fn)
    expect(printFunc(fn, 'dense')).toBe(LOOP)
  })

  it.each(Array.from({ length: 60 }, (_, i) => 1000 + i))('round trip of random function %i', (seed) => {
    const fn = randomFunc(seed)
    verifyFunc(fn)
    const text = printFunc(fn, 'dense')
    const again = parseFunc(text)
    verifyFunc(again)
    expect(printFunc(again, 'dense')).toBe(text)
  })

  it.each([
    ['v3 = const 5', 'v3 = konst 5', 'no op is called konst'],
    ['jump b1\nb1', 'jump b9\nb1', 'no block is called b9'],
    ['ret v10', 'ret v99', 'no value is called v99'],
    ['v10 = cmp', 'v9 = cmp', 'v9 is defined twice'],
    ['[b0: v2, b2: v9]', '[b0: v2]', 'no value for b2'],
    ['store.32 v4+0', 'store.32 v4', 'expected BASE+OFFSET'],
  ])('refuses %s -> %s', (from, to, message) => {
    expect(() => parseFunc(LOOP.replace(from, to))).toThrow(message)
  })
})

describe('graph', () => {
  it('finds dominators and loops', () => {
    const fn = parseFunc(LOOP)
    const [b0, b1, b2, b3] = fn.blocks as [never, never, never, never]
    const dom = dominators(fn)
    expect([b0, b1, b2, b3].map((b) => dom.idom(b))).toEqual([undefined, b0, b1, b1])
    expect(dom.dominates(b1, b3)).toBe(true)
    expect(dom.dominates(b2, b3)).toBe(false)
    const { loops, depth } = findLoops(fn, dom)
    expect(loops).toHaveLength(1)
    expect([b0, b1, b2, b3].map(depth)).toEqual([0, 1, 1, 0])
  })
})

/** Each breaks a rule behind the back of `Func`, whose methods would refuse. */
const BREAKS: Record<string, [(fn: Func) => void, string]> = {
  'use without definition': [(fn) => fn.setArg(last(fn, 1), 0, last(fn, 3, 2)), 'is not computed on every path'],
  'phi arity': [
    (fn) => fn.pushArg(fn.blocks[1]!.insts[0]!, fn.blocks[0]!.insts[2]!),
    'does not match the predecessors',
  ],
  'lost use': [(fn) => (fn.blocks[0]!.insts[2]!.uses as Set<Inst>).clear(), 'does not know its use'],
  'stale use': [(fn) => (fn.blocks[0]!.insts[0]!.uses as Set<Inst>).add(last(fn, 3)), 'does not use'],
  'no terminator': [(fn) => fn.removeTerminator(fn.blocks[3]!), 'has no terminator'],
  unreachable: [(fn) => fn.setReturn(fn.newBlock(), fn.blocks[0]!.insts[2]!), 'unreachable'],
  'one-sided edge': [(fn) => (fn.blocks[1]!.preds as unknown[]).pop(), 'predecessor'],
  'number of arguments': [(fn) => fn.pushArg(last(fn, 3), fn.blocks[0]!.insts[2]!), 'needs 1 arguments'],
  'no result': [(fn) => fn.setArg(last(fn, 3), 0, fn.blocks[2]!.insts[0]!), 'without a result'],
  'pointer phi of type int': [
    (fn) => {
      const [pointer, , zero] = fn.blocks[0]!.insts as [Inst, Inst, Inst]
      fn.addPhi(fn.blocks[1]!, 'int', [pointer, zero])
    },
    'number made of pointers',
  ],
}

function last(fn: Func, block: number, back = 1): Inst {
  return fn.blocks[block]!.insts.at(-back)!
}

describe('verifier', () => {
  it.each(Object.entries(BREAKS))('refuses %s', (_, [damage, message]) => {
    const fn = parseFunc(LOOP)
    if (message === 'is not computed on every path') fn.setArg(last(fn, 1), 0, last(fn, 2, 2))
    else damage(fn)
    expect(() => verifyFunc(fn, 'test')).toThrow(message)
  })
})

describe('Func', () => {
  it('refuses edits that would break the form', () => {
    const fn = parseFunc(LOOP)
    const [b0, b1, b2, b3] = fn.blocks as [never, never, never, never]
    const zero = (b0 as { insts: Inst[] }).insts[2]!
    expect(() => fn.removeInst(zero)).toThrow('is used')
    expect(() => fn.removeBlocks(new Set([b3]))).toThrow('goes to')
    expect(() => fn.retarget(b1, 0, b3)).toThrow('retarget')
    expect(() => fn.setReturn(b2, zero)).toThrow('terminated')
    expect(() => fn.mergeSuccessor(b0)).toThrow('cannot merge')
  })

  it('keeps the form through each edit', () => {
    const fn = parseFunc(LOOP)
    const [b0, b1, b2] = fn.blocks as [never, never, never, never]
    const zero = (b0 as { insts: Inst[] }).insts[2]!
    fn.splitEdge(b1, 1)
    verifyFunc(fn, 'split')
    fn.mergeSuccessor(fn.blocks.at(-1)!)
    verifyFunc(fn, 'merge')
    fn.retarget(b2, 0, fn.blocks.find((b) => b.insts.at(-1)!.op === 'ret')!)
    expect(fn.phis(b1)[0]!.args).toEqual([zero])
    verifyFunc(fn, 'retarget')
    expect(findLoops(fn, dominators(fn)).loops).toHaveLength(0)
  })

  it('removes a dead cycle of phi and addition', () => {
    const fn = parseFunc(
      LOOP.replace('br.ult.64 v5, v3', 'br.ult.64 v2, v3')
        .replace('store.32 v4+0, v5', 'store.32 v4+0, v2')
        .replace('cmp.eq.32 v5', 'cmp.eq.32 v2'),
    )
    const phi = fn.blocks[1]!.insts[0]!
    fn.removeInsts(new Set([phi, ...phi.uses]))
    verifyFunc(fn)
    expect(printFunc(fn)).not.toContain('phi')
  })
})
