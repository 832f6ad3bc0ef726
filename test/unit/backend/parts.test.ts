import { describe, expect, it } from 'vitest'
import { lowerFunc } from '../../../packages/core/src/backend/lower.ts'
import type { Move } from '../../../packages/core/src/backend/phi-moves.ts'
import { sequentialize } from '../../../packages/core/src/backend/phi-moves.ts'
import { CompileError } from '../../../packages/core/src/diag/compile-error.ts'
import { DEFAULT_OPTIONS } from '../../../packages/core/src/options.ts'
import type { Func, MutableAttr } from '../../../packages/core/src/ssa/func.ts'
import type { Inst } from '../../../packages/core/src/ssa/inst.ts'
import { bpftoolLoad, canUseKernel, skipNote } from '../../support/kernel-oracle.ts'
import { randomFrom } from '../../support/random.ts'
import { randomFunc } from '../../support/random-func.ts'
import { elfOf, lowerBody, lowerText } from './support.ts'

describe('parallel copies', () => {
  const run = (moves: readonly Move[]) => {
    const regs = new Map<number, string>()
    for (const { dst, src } of moves) for (const reg of [dst, src]) regs.set(reg, `old${reg}`)
    let next = 1000
    const sequence = sequentialize(moves, () => next++)
    for (const { dst, src } of sequence) regs.set(dst, regs.get(src)!)
    for (const { dst, src } of moves) expect(regs.get(dst)).toBe(`old${src}`)
    return sequence.length
  }
  it('a swap costs one extra copy', () => {
    expect(run([{ dst: 1, src: 2 }, { dst: 2, src: 1 }])).toBe(3) // biome-ignore format: one row
  })
  it('copies to themselves vanish', () => {
    expect(run([{ dst: 1, src: 1 }])).toBe(0)
  })
  it('random permutations and fans, 300 of them', () => {
    const random = randomFrom(11)
    for (let i = 0; i < 300; i++) {
      const count = 1 + random.below(8)
      run(Array.from({ length: count }, (_, dst) => ({ dst, src: random.below(10) })))
    }
  })
})

describe('frame', () => {
  const slots = (sizes: readonly number[]) => {
    const heads = sizes.map((size, i) => `  slot s${i} local${i} ${size} ${Math.min(8, size)}`)
    const uses = sizes.map((_, i) => `  v${i + 2} = slot s${i}\n  store.8 v${i + 2}+0, v1`)
    return `func p xdp {\n${heads.join('\n')}\nb0:\n  v0 = param 0\n  v1 = load.8 v0+12\n${uses.join('\n')}\n  ret v1\n}`
  }
  it('aligns, and rounds up to words', () => {
    expect(lowerText(slots([1, 8, 2])).stackSize).toBe(16)
  })
  it('refuses more than 512 bytes, with the largest slots', () => {
    try {
      lowerText(slots([256, 248, 16]))
      expect.unreachable()
    } catch (error) {
      expect(error).not.toBeInstanceOf(CompileError)
      expect(error).toMatchObject({
        diagnostic: { code: 'stack-overflow', notes: [{ message: 'local0: 256 bytes' }, {}, {}] },
      })
    }
  })
})

describe('layout', () => {
  it('a loop with its test at the end has one jump', () => {
    const asm = lowerBody(`
b0:
  v0 = param 0
  v1 = load.32 v0+12
  v2 = const 0
  jump b1
b1:
  v3 = phi [b0: v2, b1: v5]
  v4 = const 1
  v5 = add.64 v3, v4
  v6 = const 10
  br.ult.64 v5, v6 -> b1, b2
b2:
  v7 = add.64 v5, v1
  ret v7`)
    expect(asm.filter((line) => line.startsWith('goto'))).toEqual([])
    expect(asm.filter((line) => line.startsWith('if'))).toHaveLength(1)
  })
  it('jset has no inverse: its second target follows', () => {
    const asm = lowerBody(`
b0:
  v0 = param 0
  v1 = load.32 v0+12
  v2 = const 4
  br.set.64 v1, v2 -> b1, b2
b1:
  v3 = const 1
  ret v3
b2:
  v4 = load.32 v0+16
  ret v4`)
    expect(asm.filter((line) => line.startsWith('goto'))).toEqual([])
  })
  it('a jump that cannot reach is an error', () => {
    const filler = Array.from({ length: 33_000 }, (_, i) => `  store.64 v9+0, v${i % 2 ? 1 : 3}`).join('\n')
    const text = `func p xdp {\n  slot s0 x 8 8\nb0:\n  v0 = param 0\n  v1 = load.32 v0+12\n  v3 = load.32 v0+16\n  v9 = slot s0\n  br.eq.64 v1, v3 -> b1, b2\nb1:\n${filler}\n  jump b2\nb2:\n  ret v1\n}`
    expect(() => lowerText(text)).toThrow(/an instruction can reach 32767/)
  })
})

const usable = canUseKernel()
describe.skipIf(!usable.ok)(`kernel${skipNote(usable)}`, () => {
  it('the verifier takes the code of 40 random functions', () => {
    let loaded = 0
    for (let seed = 1; seed <= 80 && loaded < 40; seed++) {
      const fn = randomFunc(seed)
      if (usesElementAndMap(fn)) continue
      loaded++
      for (const block of fn.blocks) for (const inst of block.insts) readRealField(inst)
      const result = bpftoolLoad(elfOf(fn, lowerFunc(fn, DEFAULT_OPTIONS)))
      expect(result, `seed ${seed}\n${result.log}`).toMatchObject({ ok: true })
    }
    expect(loaded).toBe(40)
  })
})

/** A map whose element is addressed directly is a data section to libbpf, and cannot be looked up as well. */
function usesElementAndMap(fn: Func): boolean {
  const insts = fn.blocks.flatMap((block) => block.insts)
  const direct = new Set(insts.flatMap((inst) => (inst.op === 'mapValue' ? [inst.attr.map] : [])))
  return insts.some((inst) => inst.op === 'mapRef' && direct.has(inst.attr.map))
}

/** The generator reads the context anywhere; XDP has two plain numbers, 32 bits wide, at 12 and 16. */
function readRealField(inst: Inst): void {
  if (inst.op !== 'load' || inst.args[0]!.op !== 'param' || inst.attr.space) return
  const attr: MutableAttr<'load'> = inst.attr
  attr.bits = 32
  attr.offset = inst.attr.offset % 8 === 0 ? 16 : 12
}
