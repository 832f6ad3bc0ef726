/**
 * The interpreter loop: executes the machine's program until it exits. Two levels of switches, so that each stays a
 * jump table and a readable size. A problem is thrown as VmFault with the place; `m.pc` is always the instruction at
 * work.
 */
import { disasmInsn } from '../bpf/disasm.ts'
import { HELPER_NAMES, helperById, helperId, helperRow } from '../tables/helpers/index.ts'
import { alu32, alu64, condition32, condition64, endian, getBig } from './alu.ts'
import { atomic } from './atomic.ts'
import { type Code, KFUNC } from './code.ts'
import { VmError } from './errno.ts'
import { VmFault } from './fault.ts'
import type { Machine } from './machine.ts'
import { AccessError, type Pair } from './memory.ts'
import type { StepHook } from './trace.ts'

export function execute(m: Machine): void {
  m.callFunction = (index, setArguments) => interpretCall(m, index, setArguments)
  interpret(m)
}

/** Goes on at the machine's instruction until the function at work returns. */
export function resume(m: Machine): void {
  m.withinFunction(() => interpret(m))
}

function interpret(m: Machine): void {
  try {
    loop(m, m.settings.onStep)
  } catch (error) {
    if (error instanceof AccessError || error instanceof VmError) throw faultAt(m, error.message)
    throw error
  }
}

/** See `Machine.callFunction`. */
export function interpretCall(m: Machine, index: number, setArguments: () => void): void {
  m.pushFrame(index, true)
  setArguments()
  loop(m, m.settings.onStep)
}

function loop(m: Machine, onStep: StepHook | undefined): void {
  let code = m.code
  for (;;) {
    const pc = m.pc
    if (m.insnsLeft-- <= 0) throw new AccessError(`still running after ${m.settings.insnLimit} instructions`)
    if (onStep !== undefined) onStep(stepState(m))
    // The numbers are those of GROUP in code.ts.
    switch (code.group[pc]) {
      case 0:
        alu64(m, code.op[pc]!, code.dst[pc]!, code.src[pc]!)
        m.pc = pc + 1
        break
      case 1:
        alu32(m, code.op[pc]!, code.dst[pc]!, code.src[pc]!)
        m.pc = pc + 1
        break
      case 2:
        endian(m, code.op[pc]!, code.dst[pc]!, code.off[pc]!)
        m.pc = pc + 1
        break
      case 3:
        m.pc = condition64(m, code.op[pc]!, code.dst[pc]!, code.src[pc]!) ? code.target[pc]! : pc + 1
        break
      case 4:
        m.pc = condition32(m, code.op[pc]!, code.dst[pc]!, code.src[pc]!) ? code.target[pc]! : pc + 1
        break
      case 5:
        m.pc = code.target[pc]!
        break
      case 6:
      case 7:
        load(m, code, pc)
        m.pc = pc + 1
        break
      case 8:
        store(m, code, pc)
        m.pc = pc + 1
        break
      case 9:
        atomic(m, code, pc)
        m.pc = pc + 1
        break
      case 10:
      case 14:
        callHelper(m, code.group[pc] === 10 ? code.off[pc]! : m.lo[code.dst[pc]!]!)
        m.pc = m.next
        code = m.code
        break
      case 11:
        m.pushFrame(code.target[pc]!)
        break
      case 12:
        if (!m.popFrame()) return
        code = m.code
        break
      case 13:
        if (!loadPacket(m, code, pc)) return
        m.pc = pc + 1
        break
      default:
        throw new AccessError('ran past the last instruction')
    }
  }
}

/** Adds the instruction's offset to the base register and finds the bytes. */
function locate(m: Machine, base: number, off: number, size: number, access: 'read' | 'write'): number {
  const sum = (m.lo[base]! >>> 0) + off
  const carry = sum < 0 ? -1 : sum > 0xffff_ffff ? 1 : 0
  return m.memory.locate(sum | 0, m.hi[base]! + carry, size, access)
}

function load(m: Machine, code: Code, pc: number): void {
  const size = code.op[pc]!
  const dst = code.dst[pc]!
  const offset = locate(m, code.src[pc]!, code.off[pc]!, size, 'read')
  const value = valueAt(m, offset, size, code.group[pc] === 7)
  m.lo[dst] = value.lo
  m.hi[dst] = value.hi
}

/** The value at an address, as a load puts it into a register; valid until the next load. */
export function loadValue(m: Machine, at: Readonly<Pair>, size: number, signed: boolean): Readonly<Pair> {
  return valueAt(m, m.memory.locate(at.lo, at.hi, size, 'read'), size, signed)
}

/** `offset`: as `Memory.locate` gave it. */
function valueAt(m: Machine, offset: number, size: number, signed: boolean): Readonly<Pair> {
  const { pair } = m
  const { view, hook } = m.memory.region
  if (hook?.load(offset, size, pair)) return pair
  switch (size) {
    case 1:
      pair.lo = signed ? view.getInt8(offset) : view.getUint8(offset)
      break
    case 2:
      pair.lo = signed ? view.getInt16(offset, true) : view.getUint16(offset, true)
      break
    case 4:
      pair.lo = view.getInt32(offset, true)
      break
    default:
      pair.lo = view.getInt32(offset, true)
      pair.hi = view.getInt32(offset + 4, true)
      return pair
  }
  pair.hi = signed ? pair.lo >> 31 : 0
  return pair
}

function store(m: Machine, code: Code, pc: number): void {
  const size = code.op[pc]!
  const src = code.src[pc]!
  const offset = locate(m, code.dst[pc]!, code.off[pc]!, size, 'write')
  const { view, hook } = m.memory.region
  if (hook !== undefined) hook.checkStore(offset, size)
  switch (size) {
    case 1:
      view.setInt8(offset, m.lo[src]!)
      return
    case 2:
      view.setInt16(offset, m.lo[src]!, true)
      return
    case 4:
      view.setInt32(offset, m.lo[src]!, true)
      return
    default:
      view.setInt32(offset, m.lo[src]!, true)
      view.setInt32(offset + 4, m.hi[src]!, true)
  }
}

const MOVES_PACKET: ReadonlySet<number> = new Set(
  HELPER_NAMES.filter((name) => helperRow(name).effects.invalidatesPacket).map(helperId),
)

function kfuncProblem({ code, pc }: Machine): string {
  const reference = code.program.references?.find(({ kind, slot }) => kind === 'kfunc' && slot === code.slot[pc])
  return `the VM does not simulate the kernel function ${reference?.function ?? '(unknown)'}; load the object into the kernel`
}

export function callHelper(m: Machine, id: number): void {
  const helper = m.helpers.get(id)
  if (helper === undefined) throw new AccessError(id === KFUNC ? kfuncProblem(m) : `helper ${id} is not known`)
  m.next = m.pc + 1
  const { code } = m
  helper(m)
  if (MOVES_PACKET.has(id)) m.run.packet?.invalidatePointers(helperById(id)!)
  // Nobody may read r1..r5 after a call; but a tail call's program begins with the context in r1.
  m.scramble(1, 5)
  if (m.code !== code || m.next === 0) m.setPointer(1, m.run.ctx, 0)
}

/**
 * BPF_ABS and BPF_IND: big-endian loads from the packet of the context in r6. Outside the packet the program ends with
 * r0 = 0 (false).
 */
export function loadPacket(m: Machine, code: Code, pc: number): boolean {
  const { packet } = m.run
  if (packet === undefined) throw new AccessError('this program type has no packet')
  const size = code.op[pc]!
  const at = packet.data + code.off[pc]! + m.lo[code.src[pc]!]!
  if (at < packet.data || at + size > packet.end) {
    m.result(0)
    return false
  }
  const { view } = packet.region
  m.result(size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at) : view.getUint32(at))
  m.scramble(1, 5)
  return true
}

function stepState(m: Machine) {
  const { program } = m.code
  const register = (i: number) => getBig(m, i)
  return { program, index: m.pc, slot: m.code.slot[m.pc]!, depth: m.depth, register }
}

export function faultAt(m: Machine, reason: string): VmFault {
  const { program } = m.code
  const index = Math.min(m.pc, program.insns.length - 1)
  const insn = program.insns[index]
  const slot = m.code.slot[index] ?? 0
  return new VmFault(reason, {
    program: program.name,
    slot,
    insn: insn === undefined ? 'no instruction' : disasmInsn(insn),
    // The last line that begins at or before the slot.
    line: program.lines.findLast((line) => line.slot <= slot),
    registers: Array.from({ length: 11 }, (_, i) => getBig(m, i)),
  })
}
