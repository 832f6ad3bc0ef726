/** The allocator under pressure, and its checker against allocations that are wrong on purpose. */
import { describe, expect, it } from 'vitest'
import { selectInstructions } from '../../../packages/core/src/backend/isel.ts'
import { lowerFunc } from '../../../packages/core/src/backend/lower.ts'
import type { MachFunc, MachInst } from '../../../packages/core/src/backend/mach.ts'
import { isMove, NO_REG } from '../../../packages/core/src/backend/mach.ts'
import { allocateRegisters } from '../../../packages/core/src/backend/regalloc.ts'
import { checkAllocation, collectConstants, recordSelected } from '../../../packages/core/src/backend/regalloc-check.ts'
import { DEFAULT_OPTIONS } from '../../../packages/core/src/options.ts'
import { dominators } from '../../../packages/core/src/ssa/dom.ts'
import { parseFunc } from '../../../packages/core/src/ssa/parse.ts'
import { runCode } from '../../support/bpf-interp.ts'
import { bpftoolLoad, canUseKernel, skipNote } from '../../support/kernel-oracle.ts'
import { randomFrom } from '../../support/random.ts'
import { randomFunc } from '../../support/random-func.ts'
import { runSsa } from '../../support/ssa-interp.ts'
import { elfOf, mapsOf } from './support.ts'

/** `count` values computed before two calls and added up after them. */
function pressure(count: number): string {
  const lines = [
    'map table hash 4 16 16',
    'func p xdp {',
    '  slot s0 key 4 4',
    'b0:',
    '  v0 = param 0',
    '  v1 = slot s0',
  ]
  for (let i = 0; i < count; i++) {
    lines.push(
      `  a${i} = load.32 v0+${i % 2 ? 12 : 16}`,
      `  k${i} = const ${i * 3 + 1}`,
      `  x${i} = mul.64 a${i}, k${i}`,
    )
  }
  lines.push('  store.32 v1+0, x0', '  m = mapRef table', '  p1:ptr = call map_lookup_elem m, v1')
  lines.push('  z = const 0', '  br.ne.64 p1, z -> b1, b2', 'b1:', '  l = load.64 p1+0', '  jump b2', 'b2:')
  lines.push(
    '  f = phi [b0: z, b1: l]',
    '  store.32 v1+0, x1',
    '  p2:ptr = call map_lookup_elem m, v1',
    '  s0 = add.64 f, f',
  )
  for (let i = 0; i < count; i++) lines.push(`  s${i + 1} = add.64 s${i}, x${i}`)
  lines.push(`  ret s${count}`, '}')
  return rename(lines.join('\n'))
}

/** Values by number, as the parser wants them. */
function rename(text: string): string {
  const names = new Map<string, string>()
  const head = text.slice(0, text.indexOf('b0:'))
  const body = text
    .slice(text.indexOf('b0:'))
    .replace(/\b([akxslfmzp]\d*|v\d+)\b(?!:$)/gm, (name, _, at: number, all: string) => {
      if (/slot $/.test(all.slice(0, at))) return name
      if (!names.has(name)) names.set(name, `v${names.size}`)
      return names.get(name)!
    })
  return head + body
}

function allocated(fn: ReturnType<typeof parseFunc>) {
  const code = selectInstructions(fn, dominators(fn), { cpu: 'v3', sharing: 'equal' })
  recordSelected(code)
  const constants = collectConstants(code)
  allocateRegisters(code)
  return { code, constants }
}

describe('pressure', () => {
  it.each([3, 6, 12, 24, 50])('%i values alive across calls', (count) => {
    const fn = parseFunc(pressure(count))
    const code = lowerFunc(fn, DEFAULT_OPTIONS)
    expect(code.stackSize).toBeGreaterThanOrEqual(8 * Math.max(1, count - 4))
    const ctx = Uint8Array.from({ length: 64 }, (_, i) => i * 7 + 3)
    const input = { ctx, packet: new Uint8Array(64) }
    expect(runCode(code, input, mapsOf(fn)).ret).toBe(runSsa(fn, input).ret)
  })

  it('more than the frame holds is an error that names the limit', () => {
    expect(() => lowerFunc(parseFunc(pressure(80)), DEFAULT_OPTIONS)).toThrow(/bytes of stack; the kernel allows 512/)
  })

  const usable = canUseKernel()
  it.skipIf(!usable.ok)(`the kernel takes spilled values and pointers${skipNote(usable)}`, () => {
    for (const count of [6, 12, 50]) {
      const fn = parseFunc(pressure(count))
      expect(bpftoolLoad(elfOf(fn, lowerFunc(fn, DEFAULT_OPTIONS)))).toMatchObject({ ok: true })
    }
  })
})

describe('allocation checker', () => {
  const check =
    ({ code, constants }: ReturnType<typeof allocated>) =>
    () =>
      checkAllocation(code, constants)
  const find = (code: MachFunc, wanted: (inst: MachInst) => boolean) =>
    code.blocks.flatMap((block) => block.insts.map((inst) => ({ block, inst }))).find(({ inst }) => wanted(inst))!

  it('accepts what the allocator made', () => {
    for (const count of [2, 6, 12]) expect(check(allocated(parseFunc(pressure(count))))).not.toThrow()
  })

  it('refuses an operand in another register', () => {
    const made = allocated(parseFunc(pressure(6)))
    const { inst } = find(made.code, (i) => i.opcode === 0x0f && i.dst !== i.src)
    inst.src = inst.src === 5 ? 4 : 5
    expect(check(made)).toThrow(/wants %\d+ in r[45]/)
  })

  it('refuses a value kept in a scratch register across a call', () => {
    const made = allocated(parseFunc(pressure(2)))
    // Everything that was kept in r6 is now kept in r5.
    for (const { insts } of made.code.blocks) {
      for (const inst of insts) {
        if (inst.dst === 6) inst.dst = 5
        if (inst.src === 6) inst.src = 5
      }
    }
    expect(check(made)).toThrow(/in r5/)
  })

  it('refuses a missing reload, a missing store and a wrong spill slot', () => {
    const drop = (added: string) => {
      const made = allocated(parseFunc(pressure(12)))
      const { block, inst } = find(made.code, (i) => i.selected?.added === added)
      block.insts.splice(block.insts.indexOf(inst), 1)
      return made
    }
    expect(check(drop('reload'))).toThrow(/wants/)
    expect(check(drop('store'))).toThrow(/wants/)
    const made = allocated(parseFunc(pressure(12)))
    const { block, inst } = find(made.code, (i) => i.selected?.added === 'reload')
    const other = find(made.code, (i) => i.selected?.added === 'reload' && i.slot !== inst.slot).inst.slot
    block.insts[block.insts.indexOf(inst)] = { ...inst, slot: other }
    expect(check(made)).toThrow(/wants/)
  })

  it('refuses a wrong constant made again', () => {
    const made = allocated(parseFunc(pressure(12)))
    const found = find(made.code, (i) => i.selected?.added === 'remat')
    if (!found) {
      // Nothing was rematerialized at this pressure; then the map reference is, when it is counted as spilled.
      const { block, inst } = find(made.code, (i) => i.wide?.kind === 'map')
      block.insts[block.insts.indexOf(inst)] = {
        ...inst,
        wide: { kind: 'const', value: 1n },
        selected: { ...inst.selected!, src: inst.selected!.dst, added: 'remat' },
      }
    } else
      found.block.insts[found.block.insts.indexOf(found.inst)] = {
        ...found.inst,
        imm: found.inst.imm + 1,
        wide: undefined,
      }
    expect(check(made)).toThrow(/is not the value of/)
  })

  it('refuses paths that disagree where a value is', () => {
    const made = allocated(parseFunc(pressure(3)))
    const join = made.code.blocks.find((b) => made.code.blocks.filter((p) => p.succs.includes(b)).length > 1)!
    const pred = made.code.blocks.filter((p) => p.succs.includes(join)).at(-1)!
    pred.insts = pred.insts.map((inst) => (isMove(inst) ? inst : inst))
    // One path overwrites every callee-saved register.
    for (const reg of [6, 7, 8, 9]) {
      const inst = {
        ...find(made.code, (i) => i.opcode === 0x61).inst,
        dst: reg,
        selected: { dst: 9000 + reg, src: NO_REG },
      }
      pred.insts.unshift({ ...inst, src: NO_REG, srcRole: 0 })
    }
    expect(check(made)).toThrow(/wants/)
  })

  it('finds most random mistakes, and random correct code passes', () => {
    const random = randomFrom(7)
    let changed = 0
    let caught = 0
    for (let seed = 1; seed <= 60; seed++) {
      const made = allocated(randomFunc(seed))
      expect(check(made)).not.toThrow()
      const uses = made.code.blocks
        .flatMap((b) => b.insts)
        .filter((i) => i.srcRole === 1 && i.src >= 0 && i.src < 10 && !isMove(i))
      if (uses.length === 0) continue
      const inst = random.pick(uses)
      inst.src = (inst.src + 1 + random.below(9)) % 10
      changed++
      try {
        checkAllocation(made.code, made.constants)
      } catch {
        caught++
      }
    }
    expect(changed).toBeGreaterThan(30)
    // The rest are operands whose value happens to be in both registers.
    expect(caught / changed).toBeGreaterThan(0.95)
  })
})
