/**
 * Programs that no compiler writes: random instructions with random fields, and damaged bytes of good programs. They are
 * refused or run, to an end or a fault; interpreter and WebAssembly must come to the same.
 */
import { decodeInsns } from '../../packages/core/src/bpf/decode.ts'
import { encodeInsns } from '../../packages/core/src/bpf/encode.ts'
import type { Insn } from '../../packages/core/src/bpf/insn.ts'
import type { BpfObject, ProgramSpec } from '../../packages/core/src/object/object.ts'
import { type FieldRule, OPCODES } from '../../packages/core/src/tables/opcodes.ts'
import { VmError } from '../../packages/core/src/vm/errno.ts'
import { VmFault } from '../../packages/core/src/vm/fault.ts'
import type { VmEngine } from '../../packages/core/src/vm/options.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { mapSpec } from '../support/asm-object.ts'
import { type Random, randomFrom } from '../support/random.ts'

/** Small, so that endless loops end soon. */
const LIMIT = 3000
const MAPS = [mapSpec('a', 'array'), mapSpec('h', 'hash', { keySize: 4 })]
const packet = Uint8Array.from({ length: 64 }, (_, i) => i)
const HELPERS = [1, 2, 3, 5, 7, 8, 12, 14, 25, 26, 44, 54, 65, 181, 164, 130, 131, 132, 133]

/** Rows that the VM runs; the others, and what damage makes of these, are refused. */
const RUNNABLE = OPCODES.filter(({ does }) => {
  if (does.kind === 'ldImm64') return does.of === 'number' || does.of === 'mapFd' || does.of === 'func'
  if (does.kind === 'call') return does.target !== 'kfunc'
  return !['castAddress', 'mayGoto', 'loadAcquire', 'storeRelease', 'loadPacket'].includes(does.kind)
})

export interface MalformedResult {
  readonly kind: 'refused' | 'fault' | 'end'
  /** Everything that can be seen. */
  readonly detail: string
}

/** Refused programs are refused before there is an engine. */
export function runMalformed(seed: number, engine: VmEngine): MalformedResult {
  let object: BpfObject
  try {
    object = randomObject(seed)
  } catch (error) {
    if (error instanceof Error && !(error instanceof TypeError) && !(error instanceof RangeError)) {
      return { kind: 'refused', detail: error.message }
    }
    throw error
  }
  return outcome(object, engine)
}

function outcome(object: BpfObject, engine: VmEngine): MalformedResult {
  try {
    const vm = createVm(object, { engine, insnLimit: LIMIT, now: () => 5n })
    const seen: unknown[] = []
    // Twice: what the first run left in the maps is there for the second.
    for (let i = 0; i < 2; i++) {
      const { retval, data } = vm.programs.get('p')!.run({ data: packet })
      seen.push(retval, Buffer.from(data).toString('hex'))
    }
    for (const map of vm.maps.values()) {
      for (let key = map.nextKey(undefined); key; key = map.nextKey(key)) seen.push([...key], [...map.lookup(key)!])
    }
    return { kind: 'end', detail: JSON.stringify(seen) }
  } catch (error) {
    if (error instanceof VmFault) {
      // Translated loops ask for the budget only at their heads, so the place differs.
      const isBudget = error.reason.startsWith('still running')
      return { kind: 'fault', detail: isBudget ? error.reason : error.message }
    }
    if (error instanceof VmError) return { kind: 'refused', detail: error.message }
    throw error
  }
}

/** A budget that ran out may show as the fault that came a few instructions later. */
export function sameOutcome(a: MalformedResult, b: MalformedResult): boolean {
  if (a.kind === 'fault' && b.kind === 'fault' && a.detail.startsWith('still running')) return true
  return a.kind === b.kind && a.detail === b.detail
}

function randomObject(seed: number): BpfObject {
  const random = randomFrom(seed)
  const count = 3 + random.below(40)
  const lead = random.oneIn(4) ? [] : prologue()
  const insns = [...lead, ...Array.from({ length: count }, () => randomInsn(random, count)), end()]
  const bytes = encodeInsns(insns)
  // Half of them are damaged: opcode, registers, offsets, immediates.
  for (let i = random.oneIn(2) ? 1 + random.below(6) : 0; i > 0; i--) {
    bytes[random.below(bytes.length)] = random.below(256)
  }
  return { license: 'GPL', maps: MAPS, programs: [programOf(decodeInsns(bytes))] }
}

function programOf(insns: readonly Insn[]): ProgramSpec {
  const relocations = []
  let slot = 0
  for (const insn of insns) {
    if (insn.opcode === 0x18 && insn.src === 1)
      relocations.push({ kind: 'map', slot, map: insn.imm % 2 ? 'a' : 'h' } as const)
    slot += insn.opcode === 0x18 ? 2 : 1
  }
  return {
    name: 'p',
    section: 'xdp',
    type: 'xdp',
    attachType: undefined,
    attachTarget: undefined,
    insns,
    relocations,
    lines: [],
  }
}

const base = (opcode: number, fields: Partial<Insn>): Insn => ({ opcode, dst: 0, src: 0, off: 0, imm: 0, ...fields })
const end = () => base(0x95, {})

/** Context, packet, stack and map in registers, so that accesses often hit something. */
function prologue(): Insn[] {
  return [
    base(0xbf, { dst: 6, src: 1 }),
    base(0x61, { dst: 7, src: 1 }),
    base(0x61, { dst: 8, src: 1, off: 4 }),
    base(0x7a, { dst: 10, off: -4 - 4, imm: 1 }),
    base(0xbf, { dst: 2, src: 10 }),
    base(0x07, { dst: 2, imm: -8 }),
    base(0x18, { dst: 1, src: 1, imm: 1, immHigh: 0 }),
    base(0x85, { imm: 1 }),
    base(0xbf, { dst: 9, src: 0 }),
    base(0xb7, { dst: 0, imm: 1 }),
    base(0xb7, { dst: 1, imm: 2 }),
  ]
}

function randomInsn(random: Random, count: number): Insn {
  // Most accesses go to the frame, or the program would fault at once.
  const row = random.pick(random.oneIn(50) ? OPCODES : RUNNABLE)
  const inFrame = !random.oneIn(5)
  const memory = ['load', 'store', 'atomic'].includes(row.does.kind)
  const jumps = ['branch', 'goto', 'mayGoto'].includes(row.does.kind)
  const near = () => (random.oneIn(20) ? random.below(count) - (count >> 1) : random.below(7) - 2)
  const offset = memory ? (inFrame ? -8 * (1 + random.below(8)) : random.below(80) - 64) : jumps ? near() : 0
  const place = inFrame ? 10 : random.below(11)
  const loads = row.does.kind === 'load'
  const isCall = row.does.kind === 'call'
  const imm = row.name === 'call' ? random.pick(HELPERS) : isCall || jumps ? near() : random.below(64) - 8
  return {
    opcode: row.opcode,
    dst: field(row.dst, random, memory && !loads ? place : random.below(10)),
    src: field(row.src, random, loads ? place : random.below(11)),
    off: field(row.off, random, offset),
    imm: field(row.imm, random, imm),
    ...(row.immHigh !== undefined && { immHigh: field(row.immHigh, random, 0) }),
  }
}

function field(rule: FieldRule, random: Random, value: number): number {
  return rule === 'any' || rule === 'reg' ? value : random.pick(rule)
}
