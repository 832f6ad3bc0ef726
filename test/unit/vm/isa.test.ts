/**
 * Every row of the instruction set on several operands: interpreter, WebAssembly and kernel must give the same 64 bits.
 * Rows that the VM does not run are refused by name, see REFUSED.
 */
import { describe, expect, test } from 'vitest'
import { type Insn, LD_IMM64, PSEUDO } from '../../../packages/core/src/bpf/insn.ts'
import type { BpfObject, ProgramSpec } from '../../../packages/core/src/object/object.ts'
import { helperId } from '../../../packages/core/src/tables/helpers/index.ts'
import { FETCH, OPCODES, type OpcodeRow } from '../../../packages/core/src/tables/opcodes.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { kernelUsable, loadKernelObject } from '../../../packages/loader/src/index.ts'
import { mapSpec } from '../../support/asm-object.ts'

const usable = kernelUsable()
const note = usable.ok ? '' : ` (without the kernel: ${usable.reason})`

/** Kinds of operations that need what only a kernel has; the VM says so when it is made. */
const REFUSED = new Set(['castAddress', 'mayGoto', 'loadAcquire', 'storeRelease'])
const REFUSED_IMMEDIATES = new Set(['btfId', 'mapIndex', 'mapIndexValue'])

const OPERANDS: readonly (readonly [bigint, bigint])[] = [
  [0n, 0n],
  [7n, 3n],
  [0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn],
  [0x8000_0000n, 0xffff_ffffn],
  [0x1234_5678_9abc_def0n, 0x0fed_cba9_8765_4321n],
  [0xffff_ffff_ffff_fff9n, 2n],
]

const insn = (opcode: number, fields: Partial<Insn> = {}): Insn => ({
  opcode,
  dst: 0,
  src: 0,
  off: 0,
  imm: 0,
  ...fields,
})
const half = (value: bigint) => Number(BigInt.asIntN(32, value))
const load64 = (dst: number, value: bigint) => insn(LD_IMM64, { dst, imm: half(value), immHigh: half(value >> 32n) })
const movImm = (dst: number, imm: number) => insn(0xb7, { dst, imm })
const movReg = (dst: number, src: number) => insn(0xbf, { dst, src })
const storeReg = (src: number, off: number) => insn(0x7b, { dst: 10, src, off })
const loadReg = (dst: number, off: number) => insn(0x79, { dst, src: 10, off })
const EXIT = insn(0x95)

/** r0 to 32 bits that depend on all 64. */
const FOLD = [
  movReg(2, 0),
  insn(0x77, { dst: 2, imm: 32 }),
  insn(0x27, { dst: 2, imm: 0x9e37 }),
  insn(0xac, { src: 2 }),
  EXIT,
]

/** One program for the row and a pair of operands; undefined where the verifier wants other operands. */
function body(row: OpcodeRow, a: bigint, b: bigint): Insn[] | undefined {
  const { does, opcode } = row
  const fixedOff = Array.isArray(row.off) ? row.off[0] : 0
  const imm = half(b)
  switch (does.kind) {
    case 'binary': {
      const isShift = ['shl', 'lshr', 'ashr'].includes(does.op)
      const isDivision = ['udiv', 'umod', 'sdiv', 'smod'].includes(does.op)
      if (does.source === 'imm' && isDivision && imm === 0) return undefined
      const operand = does.source === 'imm' ? { imm: isShift ? imm & (does.width - 1) : imm } : { src: 2 }
      return [load64(1, a), load64(2, b), insn(opcode, { dst: 1, off: fixedOff, ...operand }), movReg(0, 1)]
    }
    case 'neg':
      return [load64(1, a), insn(opcode, { dst: 1 }), movReg(0, 1)]
    case 'mov':
    case 'movsx': {
      const operand = does.kind === 'mov' && does.source === 'imm' ? { imm } : { src: 2 }
      return [load64(1, a), load64(2, b), insn(opcode, { dst: 1, off: fixedOff, ...operand }), movReg(0, 1)]
    }
    case 'end': {
      const swaps = [16, 32, 64].flatMap((bits) =>
        [load64(1, a), insn(opcode, { dst: 1, imm: bits })].concat(
          insn(0x27, { dst: 0, imm: 31 }),
          insn(0xaf, { dst: 0, src: 1 }),
        ),
      )
      return [movImm(0, 1), ...swaps]
    }
    case 'branch': {
      const operand = does.source === 'imm' ? { imm } : { src: 2 }
      return [load64(1, a), load64(2, b), movImm(0, 1), insn(opcode, { dst: 1, off: 1, ...operand }), movImm(0, 2)]
    }
    case 'goto':
      // The verifier wants every instruction to be reachable.
      return [
        load64(1, a),
        movImm(0, 1),
        insn(0x15, { dst: 1, off: 1 }),
        insn(opcode, does.long ? { imm: 1 } : { off: 1 }),
        movImm(0, 99),
      ]
    case 'load':
      return [
        load64(1, a),
        storeReg(1, -16),
        load64(1, b),
        storeReg(1, -8),
        insn(opcode, { src: 10, off: -12 - (12 % (does.bits / 8)) }),
      ]
    case 'store': {
      const operand = does.source === 'imm' ? { imm } : { src: 2 }
      return [
        load64(1, a),
        load64(2, b),
        storeReg(1, -8),
        insn(opcode, { dst: 10, off: -8, ...operand }),
        loadReg(0, -8),
      ]
    }
    case 'atomic': {
      const flag = Array.isArray(row.imm) ? row.imm[0]! : FETCH
      // r0 decides in cmpxchg: equal for every other pair.
      const compared = b % 2n === 0n ? a : b
      return [
        load64(1, a),
        storeReg(1, -8),
        load64(2, b),
        load64(0, compared),
        insn(opcode, { dst: 10, src: 2, off: -8, imm: flag }),
        loadReg(3, -8),
        insn(0x27, { dst: 0, imm: 31 }),
        insn(0xaf, { dst: 0, src: 2 }),
        insn(0x27, { dst: 0, imm: 31 }),
        insn(0xaf, { dst: 0, src: 3 }),
      ]
    }
    case 'ldImm64':
      return does.of === 'number' ? [load64(0, a)] : undefined
    case 'exit':
      return [load64(0, b)]
    default:
      return undefined
  }
}

function program(insns: readonly Insn[], more: Partial<ProgramSpec> = {}): ProgramSpec {
  const name = more.name ?? 'p'
  return {
    name,
    section: 'xdp',
    type: 'xdp',
    attachType: undefined,
    attachTarget: undefined,
    insns,
    relocations: [],
    lines: [],
    ...more,
  }
}

const packet = Uint8Array.from({ length: 64 }, (_, i) => 3 * i)

/** The result of all three; they must agree. `vm`: the kernel wants BTF for it, which these programs lack. */
function agreed(object: BpfObject, machines: 'all' | 'vm' = 'all'): number {
  const run = (engine: 'interpreter' | 'wasm') =>
    createVm(object, { engine }).programs.get('p')!.run({ data: packet }).retval
  const retval = run('interpreter')
  expect(run('wasm'), 'wasm').toBe(retval)
  if (!usable.ok || machines === 'vm') return retval
  const kernel = loadKernelObject(object)
  try {
    expect(kernel.programs.get('p')!.run({ data: packet }).retval, 'kernel').toBe(retval)
  } finally {
    kernel.close()
  }
  return retval
}

const objectOf = (spec: ProgramSpec, maps: BpfObject['maps'] = []): BpfObject => ({
  license: 'GPL',
  maps,
  programs: [spec],
})

/** Rows that need more than operands: calls, map addresses, packets of socket filters. */
const SPECIAL: Record<string, { readonly object: BpfObject; readonly retval: number }> = {
  call: {
    object: objectOf(program([insn(0x85, { imm: helperId('get_smp_processor_id') }), movImm(0, 5), EXIT])),
    retval: 5,
  },
  call_local: {
    object: objectOf(
      program([
        movImm(6, 40),
        movImm(1, 2),
        insn(0x85, { src: PSEUDO.CALL, imm: 2 }),
        insn(0x0f, { dst: 0, src: 6 }),
        EXIT,
        movReg(0, 1),
        movImm(6, 9),
        EXIT,
      ]),
    ),
    retval: 42,
  },
  ldimm64_map_fd: {
    object: objectOf(
      program(
        [
          insn(0x62, { dst: 10, off: -4, imm: 2 }),
          movReg(2, 10),
          insn(0x07, { dst: 2, imm: -4 }),
          insn(LD_IMM64, { dst: 1, src: PSEUDO.MAP_FD, immHigh: 0 }),
          insn(0x85, { imm: helperId('map_lookup_elem') }),
          insn(0x15, { dst: 0, off: 2 }),
          insn(0x79, { dst: 0, src: 0 }),
          insn(0x07, { dst: 0, imm: 4 }),
          EXIT,
        ],
        { relocations: [{ kind: 'map', slot: 3, map: 'm' }] },
      ),
      [mapSpec('m', 'array')],
    ),
    retval: 4,
  },
  ldimm64_map_value: {
    object: objectOf(
      program(
        [
          insn(LD_IMM64, { dst: 1, src: PSEUDO.MAP_VALUE, immHigh: 0 }),
          insn(0x7a, { dst: 1, imm: 7 }),
          insn(0x79, { dst: 0, src: 1 }),
          EXIT,
        ],
        {
          relocations: [{ kind: 'mapValue', slot: 0, map: 'm', offset: 0 }],
        },
      ),
      [mapSpec('m', 'array', { maxEntries: 1 })],
    ),
    retval: 7,
  },
  ldimm64_func: {
    object: objectOf(
      program([
        movImm(1, 5),
        insn(LD_IMM64, { dst: 2, src: PSEUDO.FUNC, imm: 8, immHigh: 0 }),
        storeReg(1, -8),
        movReg(3, 10),
        insn(0x07, { dst: 3, imm: -8 }),
        movImm(4, 0),
        insn(0x85, { imm: helperId('loop') }),
        loadReg(0, -8),
        EXIT,
        insn(0x79, { dst: 3, src: 2 }),
        insn(0x0f, { dst: 3, src: 1 }),
        insn(0x7b, { dst: 2, src: 3 }),
        movImm(0, 0),
        EXIT,
      ]),
    ),
    retval: 15,
  },
}
const SOCKET = { section: 'socket', type: 'socket_filter' }
for (const row of OPCODES) {
  if (row.does.kind !== 'loadPacket') continue
  const { bits, indirect } = row.does
  const at = 16
  const insns = [movReg(6, 1), movImm(7, 5), insn(row.opcode, { src: indirect ? 7 : 0, imm: at }), EXIT]
  const first = 14 + at + (indirect ? 5 : 0)
  let retval = 0
  for (let i = 0; i < bits / 8; i++) retval = retval * 256 + packet[first + i]!
  SPECIAL[row.name] = { object: objectOf(program(insns, SOCKET)), retval }
}

function specialOf(row: OpcodeRow) {
  const { does } = row
  if (does.kind === 'call')
    return does.target === 'kfunc' ? undefined : SPECIAL[does.target === 'local' ? 'call_local' : 'call']
  if (does.kind !== 'ldImm64') return SPECIAL[row.name]
  return { mapFd: SPECIAL.ldimm64_map_fd, mapValue: SPECIAL.ldimm64_map_value, func: SPECIAL.ldimm64_func }[
    does.of as 'mapFd'
  ]
}

const isRefused = ({ does }: OpcodeRow) =>
  REFUSED.has(does.kind) ||
  (does.kind === 'ldImm64' && REFUSED_IMMEDIATES.has(does.of)) ||
  (does.kind === 'call' && does.target === 'kfunc')

describe(`instruction set${note}`, () => {
  test.each(OPCODES.filter((row) => !isRefused(row)).map((row) => [row.name, row] as const))('%s', (_, row) => {
    const special = specialOf(row)
    if (special !== undefined) {
      // Function addresses need func_info; compiled programs with bpf_loop have it (test/filetests).
      const machines = special === SPECIAL.ldimm64_func ? 'vm' : 'all'
      expect(agreed(special.object, machines)).toBe(special.retval)
      return
    }
    const bodies = OPERANDS.flatMap(([a, b]) => body(row, a, b) ?? []).length
    expect(bodies, 'the row has a program').toBeGreaterThan(0)
    for (const [a, b] of OPERANDS) {
      const insns = body(row, a, b)
      if (insns !== undefined) agreed(objectOf(program([...insns, ...FOLD])))
    }
  })

  test.each(OPCODES.filter(isRefused).map((row) => [row.name, row] as const))('%s is refused or faults', (_, row) => {
    const fixed = (rule: OpcodeRow['off']) => (Array.isArray(rule) ? rule[0]! : 0)
    const one = insn(row.opcode, {
      src: fixed(row.src),
      off: fixed(row.off),
      imm: fixed(row.imm),
      ...(row.immHigh && { immHigh: 0 }),
    })
    for (const engine of ['interpreter', 'wasm'] as const) {
      const object = objectOf(program([movImm(0, 0), one, EXIT]))
      expect(() => createVm(object, { engine }).programs.get('p')!.run({ data: packet }), engine).toThrow(
        /not known|does not simulate/,
      )
    }
  })
})
