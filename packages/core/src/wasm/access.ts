/**
 * Loads, stores and atomics. Where a hint says what the register points to, one comparison checks the access; whatever
 * fails it, and accesses without a hint, go through the region table (support.ts).
 */
import { STACK_SIZE } from '../vm/machine.ts'
import { ROW_FLAG } from '../vm/memory.ts'
import { type FunctionWriter, faultIf, faultNow, LOCAL, pushAddress, pushOperand, registerLocal } from './function.ts'
import type { Hint } from './hints.ts'
import { I32, I64, OP, TYPE } from './ops.ts'
import { cellAddress, valueRegion } from './places.ts'
import { type LoadKind, loadOp, STORE_OP } from './support.ts'

/** Windows whose null form lies at the end of the address space must not reach beyond it, see `NO_VALUE`. */
const MAX_WINDOW = 0x1_0000
/** Instead of a null pointer in a window: its address is beyond the largest memory, an access would trap. */
export const NO_VALUE = { lo: -MAX_WINDOW, hi: -MAX_WINDOW } as const

/** An access whose place is known without a check: i32 address on the stack and an offset. */
function pushProvenAddress(f: FunctionWriter, register: number, access: Access): number | undefined {
  const hint = f.hint(register)
  if (hint?.kind === 'stack') {
    const at = STACK_SIZE + hint.offset + access.offset
    if (at < 0 || at + access.size > STACK_SIZE) return undefined
    f.e.get(LOCAL.frame)
    return at
  }
  if (hint?.kind !== 'constant') return undefined
  const region = valueRegion(f.places, hint.hi)
  if (region === undefined) return undefined
  const start = hint.lo + access.offset - region.base
  const inside = start >= region.start && start + access.size <= region.end
  if (!inside || (start % region.stride) + access.size > region.elementSize) return undefined
  if (region.access !== 'readWrite' && (access.writes || region.access === 'none')) return undefined
  f.e.i32(region.base + start)
  return 0
}

interface Access {
  readonly size: number
  readonly offset: number
  readonly writes: boolean
}

/**
 * The check of the pointer in LOCAL.address against what the hint names, as an i32 on the stack; false when there is
 * nothing to check against. All windows are checked by `pointer - start < count` on 64 bits, so that the region's number
 * is compared too.
 */
function pushWindowCheck(f: FunctionWriter, hint: Hint | undefined, access: Access): boolean {
  const { e } = f
  const limit = hint?.kind === 'packet' ? f.packet?.limits.get(access.size) : undefined
  if (f.packet !== undefined && limit !== undefined) {
    e.get(LOCAL.address).get(f.packet.start).op(I64.sub).get(limit).op(I64.ltU)
    return true
  }
  if (hint?.kind === 'frame') {
    e.get(LOCAL.address).get(registerLocal(10)).i64(STACK_SIZE, 0).op(I64.sub).op(I64.sub)
    e.i64(STACK_SIZE - access.size + 1, 0).op(I64.ltU)
    return true
  }
  if (hint?.kind !== 'value') return false
  const window = valueWindow(f, hint.site)
  if (window === undefined || window.size < access.size || (access.writes && !window.writable)) return false
  e.get(LOCAL.address).get(window.local).op(I64.sub)
  e.i64(window.size - access.size + 1, 0).op(I64.ltU)
  return true
}

function valueWindow(f: FunctionWriter, site: number) {
  const local = f.windows.get(site)
  const size = f.valueSizes.get(site)
  if (local === undefined || size === undefined || size.bytes > MAX_WINDOW) return undefined
  return { local, size: size.bytes, writable: size.writable }
}

export function writeLoad(f: FunctionWriter, pc: number, kind: LoadKind): void {
  const { e, code } = f
  const src = code.src[pc]!
  const offset = code.off[pc]!
  const access: Access = { size: kind.size, offset, writes: false }
  const target = registerLocal(code.dst[pc]!)
  const proven = pushProvenAddress(f, src, access)
  if (proven !== undefined) {
    e.memory(loadOp(kind), proven).set(target)
    return
  }
  pushAddress(f, src, offset)
  e.set(LOCAL.address)
  const quick = pushContextLoad(f, src, access, kind) ?? pushQuickLoad(f, src, access, kind)
  if (quick) e.otherwise()
  if (quick && f.hint(src)?.kind === 'packet') {
    // Only a wild access comes here, if the hint is right: without a way back the loop around it keeps its registers.
    faultNow(f, pc, 'instruction')
    e.close()
    return
  }
  // A load that fails leaves its target as it was.
  e.get(LOCAL.address).call(f.support.load(kind)).set(LOCAL.value)
  e.global('globalGet', f.support.failed)
  faultIf(f, pc)
  e.get(LOCAL.value).set(target)
  if (quick) e.close()
}

/** Opens an `if` with the load in it. */
function pushQuickLoad(f: FunctionWriter, src: number, access: Access, kind: LoadKind): boolean {
  const { e, code } = f
  if (!pushWindowCheck(f, f.hint(src), access)) return false
  e.when().get(LOCAL.address).op(I32.wrap).memory(loadOp(kind))
  e.set(registerLocal(code.dst[f.pc]!))
  return true
}

/** Fields of the context are where the table says, while the register is the context. */
function pushContextLoad(f: FunctionWriter, src: number, access: Access, kind: LoadKind): true | undefined {
  const { e, code, places } = f
  const { context } = places
  if (f.hint(src)?.kind !== 'context' || context === undefined) return undefined
  const cell = context.pointerCells.get(access.offset)
  const inside = access.offset >= 0 && access.offset + access.size <= context.size
  const isPointer = cell !== undefined && access.size === 4 && !kind.signed
  if (!isPointer && (!inside || context.overlapsPointer(access.offset, access.size))) return undefined
  e.get(registerLocal(src)).i32(cellAddress(places, 'context')).memory(I64.load).op(I64.eq).when()
  if (isPointer) e.i32(places.machine.memory.cells + cell).memory(I64.load)
  else e.get(LOCAL.address).op(I32.wrap).memory(loadOp(kind))
  e.set(registerLocal(code.dst[f.pc]!))
  return true
}

export function writeStore(f: FunctionWriter, pc: number, size: number): void {
  const { e, code } = f
  const dst = code.dst[pc]!
  const access: Access = { size, offset: code.off[pc]!, writes: true }
  const proven = pushProvenAddress(f, dst, access)
  if (proven !== undefined) {
    pushOperand(f, code.src[pc]!)
    e.memory(STORE_OP[size]!, proven)
    return
  }
  pushAddress(f, dst, access.offset)
  e.set(LOCAL.address)
  const quick = pushWindowCheck(f, f.hint(dst), access)
  if (quick) {
    e.when().get(LOCAL.address).op(I32.wrap)
    pushOperand(f, code.src[pc]!)
    e.memory(STORE_OP[size]!).otherwise()
  }
  if (quick && f.hint(dst)?.kind === 'packet') {
    faultNow(f, pc, 'instruction')
    e.close()
    return
  }
  e.get(LOCAL.address)
  pushOperand(f, code.src[pc]!)
  e.call(f.support.store(size)).global('globalGet', f.support.failed)
  faultIf(f, pc)
  if (quick) e.close()
}

const FETCH = 0x01
const XCHG = 0xe0
const CMPXCHG = 0xf0
const ATOMIC_OP: Record<number, number> = { 0: I64.add, 64: I64.or, 80: I64.and, 160: I64.xor }

/** Nothing runs beside a program: read and write. Finds the address, then works on it. */
export function writeAtomic(f: FunctionWriter, pc: number): void {
  const { e, code } = f
  const size = code.op[pc]! & 0xc
  const kind = code.op[pc]! & 0xf0
  const load = loadOp({ size: size as 4 | 8, signed: false })
  pushAtomicAddress(f, pc, size)
  e.set(LOCAL.word)
  e.get(LOCAL.word).memory(load).set(LOCAL.value)
  const source = () => pushOperand(f, code.src[pc]!)
  if (kind === CMPXCHG) {
    e.get(LOCAL.value)
    pushOperand(f, 0)
    if (size === 4) e.i64(-1, 0).op(I64.and)
    e.op(I64.eq).when().get(LOCAL.word)
    source()
    e.memory(STORE_OP[size]!).close()
    e.get(LOCAL.value).set(registerLocal(0))
    return
  }
  e.get(LOCAL.word)
  if (kind !== XCHG) e.get(LOCAL.value)
  source()
  if (kind !== XCHG) e.op(ATOMIC_OP[kind]!)
  e.memory(STORE_OP[size]!)
  if ((code.op[pc]! & FETCH) !== 0) e.get(LOCAL.value).set(registerLocal(code.src[pc]!))
}

/** Aligned, and neither packet nor context: the table knows which regions allow it. */
function pushAtomicAddress(f: FunctionWriter, pc: number, size: number): void {
  const { e, code } = f
  const dst = code.dst[pc]!
  const offset = code.off[pc]!
  const hint = f.hint(dst)
  const access: Access = { size, offset, writes: true }
  const known = hint?.kind === 'stack' ? hint.offset : hint?.kind === 'constant' ? hint.lo : undefined
  if (known !== undefined && (known + offset) % size === 0) {
    const proven = pushProvenAddress(f, dst, access)
    if (proven !== undefined) return void e.i32(proven).op(I32.add)
  }
  pushAddress(f, dst, offset)
  e.set(LOCAL.address)
  const checked = hint?.kind === 'value' && pushWindowCheck(f, hint, access)
  if (checked) {
    e.get(LOCAL.address)
      .op(I32.wrap)
      .i32(size - 1)
      .op(I32.and)
      .op(I32.eqz)
      .op(I32.and)
    e.when(TYPE.i32).get(LOCAL.address).op(I32.wrap).otherwise()
  }
  e.get(LOCAL.address)
    .i32(size)
    .i32(ROW_FLAG.writable | ROW_FLAG.atomic)
    .call(f.support.locate())
    .tee(LOCAL.word)
  e.get(LOCAL.word)
    .i32(size - 1)
    .op(I32.and)
    .get(LOCAL.word)
    .op(I32.eqz)
    .op(I32.or)
  faultIf(f, pc)
  if (checked) e.close()
}

/** After a lookup: r0 is on its way, the window follows it. */
export function keepWindow(f: FunctionWriter, local: number): void {
  f.e.get(registerLocal(0)).i64(NO_VALUE.lo, NO_VALUE.hi)
  f.e.get(registerLocal(0)).op(I64.eqz).op(I32.eqz).op(OP.select).set(local)
}
