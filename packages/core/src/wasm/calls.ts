/** Calls of helpers and of functions of the program, and the way out of a function. */
import { helperId } from '../tables/helpers/index.ts'
import { GROUP } from '../vm/code.ts'
import { STACK_SIZE } from '../vm/machine.ts'
import type { VmMap } from '../vm/maps/map.ts'
import { keepWindow } from './access.ts'
import {
  type FunctionWriter,
  faultIf,
  faultNow,
  LOCAL,
  newWindow,
  poison,
  registerLocal,
  reloadPacket,
} from './function.ts'
import type { Hint } from './hints.ts'
import { inlineLookup, writeArrayLookup } from './map-lookup.ts'
import { I32, I64, OP } from './ops.ts'
import { cellAddress, mapAt, type Places, registerAddress } from './places.ts'
import { STATUS } from './support.ts'

const LOOKUP = helperId('map_lookup_elem')
const TAIL_CALL = helperId('tail_call')

/** The map that a lookup of a constant map works on. */
export function lookupMap(places: Places, helper: number, map: Hint | undefined): VmMap | undefined {
  if (helper !== LOOKUP || map?.kind !== 'constant') return undefined
  return mapAt(places, map.lo, map.hi)
}

export function writeHelper(f: FunctionWriter, pc: number): void {
  const { code, places } = f
  const isDynamic = code.group[pc] === GROUP.helperRegister
  const map = isDynamic ? undefined : lookupMap(places, code.off[pc]!, f.hint(1))
  if (map === undefined || !writeLookup(f, map)) writeHostHelper(f, pc)
  if (map?.values !== undefined) {
    const window = newWindow(f, pc)
    const writable = map.values.access === 'readWrite'
    f.valueSizes.set(pc, { bytes: map.values.access === 'none' ? 0 : map.spec.valueSize, writable })
    keepWindow(f, window)
  }
  poison(f, 1, 5)
}

/** The lookup without leaving WebAssembly, where the key is in the frame; false when it must be the host's. */
function writeLookup(f: FunctionWriter, map: VmMap): boolean {
  const { e, places } = f
  const key = f.hint(2)
  const kind = places.inlineHelpers ? inlineLookup(map) : undefined
  if (kind === undefined || key?.kind !== 'stack') return false
  const at = STACK_SIZE + key.offset
  if (at < 0 || at + map.spec.keySize > STACK_SIZE) return false
  e.get(LOCAL.frame)
  if (at > 0) e.i32(at).op(I32.add)
  if (kind === 'hash') e.call(f.support.hashLookup(map))
  else writeArrayLookup(e, map, LOCAL.word, cellAddress(places, 'cpu'))
  e.set(registerLocal(0))
  return true
}

function writeHostHelper(f: FunctionWriter, pc: number): void {
  const { e, code, support } = f
  const isDynamic = code.group[pc] === GROUP.helperRegister
  pushArguments(f)
  keepBudget(f)
  if (isDynamic) e.get(registerLocal(code.dst[pc]!)).op(I32.wrap)
  else e.i32(code.off[pc]!)
  e.i32(pc).call(support.host.helper)
  writeStatus(f, pc, isDynamic || code.off[pc] === TAIL_CALL)
  pushResult(f)
  e.set(registerLocal(0))
  reloadBudget(f)
  reloadPacket(f)
}

/** What the host said, from the stack. */
function writeStatus(f: FunctionWriter, pc: number, mayLeave: boolean): void {
  const { e } = f
  if (!mayLeave) {
    faultIf(f, pc, 'pending')
    return
  }
  e.tee(LOCAL.word).when()
  e.get(LOCAL.word).i32(STATUS.leave).op(I32.eq).when()
  pushResult(f)
  e.op(OP.return).close()
  faultNow(f, pc, 'pending')
  e.close()
}

/** BPF_ABS and BPF_IND; beyond the packet the program ends with 0. */
export function writePacketLoad(f: FunctionWriter, pc: number): void {
  const { e, code, places, support } = f
  const src = code.src[pc]!
  if (src <= 10) {
    e.i32(registerAddress(places, src, 'lo'))
      .get(registerLocal(src))
      .op(I32.wrap)
      .memory(I32.store)
  }
  keepBudget(f)
  e.i32(pc).call(support.host.packetLoad)
  writeStatus(f, pc, true)
  pushResult(f)
  e.set(registerLocal(0))
  poison(f, 1, 5)
}

export function writeCall(f: FunctionWriter, pc: number): void {
  const { e, code, places, support } = f
  const depth = cellAddress(places, 'depth')
  e.call(support.enter())
  faultIf(f, pc, 'frames')
  keepBudget(f)
  for (let r = 1; r <= 5; r++) e.get(registerLocal(r))
  e.call(f.functionAt(code.target[pc]!)).set(registerLocal(0))
  e.i32(depth).i32(depth).memory(I32.load).i32(1).op(I32.sub).memory(I32.store)
  reloadBudget(f)
  reloadPacket(f)
  poison(f, 1, 5)
}

/** `writeBudgetCheck` has been before. */
export function writeExit(f: FunctionWriter): void {
  keepBudget(f)
  f.e.get(registerLocal(0)).op(OP.return)
}

function pushArguments({ e, places }: FunctionWriter): void {
  for (let r = 1; r <= 5; r++) storeRegister(e, places, r)
}

/** From the local to the machine's register file. */
export function storeRegister(e: FunctionWriter['e'], places: Places, register: number): void {
  const local = registerLocal(register)
  e.i32(0)
    .get(local)
    .op(I32.wrap)
    .memory(I32.store, registerAddress(places, register, 'lo'))
  e.i32(0)
    .get(local)
    .i64(32, 0)
    .op(I64.shrU)
    .op(I32.wrap)
    .memory(I32.store, registerAddress(places, register, 'hi'))
}

/** A register of the machine on the stack. */
export function pushRegister(e: FunctionWriter['e'], places: Places, register: number): void {
  e.i32(0).memory(I64.load32U, registerAddress(places, register, 'lo'))
  e.i32(0)
    .memory(I64.load32U, registerAddress(places, register, 'hi'))
    .i64(32, 0)
    .op(I64.shl)
    .op(I64.or)
}

function pushResult(f: FunctionWriter): void {
  pushRegister(f.e, f.places, 0)
}

export function keepBudget({ e, places }: FunctionWriter): void {
  e.i32(cellAddress(places, 'left')).get(LOCAL.left).memory(I64.store)
}

export function reloadBudget({ e, places }: FunctionWriter): void {
  e.i32(cellAddress(places, 'left')).memory(I64.load).set(LOCAL.left)
}
