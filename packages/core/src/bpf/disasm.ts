/**
 * Instructions as text, one line each, in the pseudo-C of `llvm-objdump -d` and bpftool:
 *
 *   r0 = 2      if r1 != 0 goto +3      *(u64 *)(r10 - 8) = r1      call bpf_map_lookup_elem
 *
 * Every legal instruction has its own text, which bpf/asm reads back to the same instruction. Illegal ones are shown as
 * `.insn` with their fields.
 */
import { assertNever } from '../diag/diagnostic.ts'
import { helperById } from '../tables/helpers/index.ts'
import type { AtomicName, Operation } from '../tables/opcodes.ts'
import { type Insn, slotsOf } from './insn.ts'
import { opcodeRow } from './match.ts'
import { BINARY_SYMBOLS, distanceText, LOCK_SYMBOLS, offsetText, PRED_SYMBOLS } from './syntax.ts'

type OperationOf<K extends Operation['kind']> = Extract<Operation, { kind: K }>

/** One line, without position. */
export function disasmInsn(insn: Insn): string {
  const row = opcodeRow(insn)
  return row ? operationText(row.does, insn) : rawText(insn)
}

export interface DisasmOptions {
  /** Slot number of the first instruction. */
  readonly start?: number
  /** Text to put after an instruction as a comment, by slot (map names, source lines). */
  readonly comments?: ReadonlyMap<number, string>
}

/** A program with slot numbers: `  12: r0 = 2`. */
export function disasmProgram(insns: readonly Insn[], options: DisasmOptions = {}): string {
  let slot = options.start ?? 0
  const lines: string[] = []
  for (const insn of insns) {
    const comment = options.comments?.get(slot)
    lines.push(`${String(slot).padStart(4)}: ${disasmInsn(insn)}${comment === undefined ? '' : ` ; ${comment}`}`)
    slot += slotsOf(insn)
  }
  return lines.join('\n')
}

const register = (width: 32 | 64, number: number): string => `${width === 64 ? 'r' : 'w'}${number}`
const pointer = (type: string, base: number, off: number): string => `(${type} *)(r${base}${offsetText(off)})`

function operationText(does: Operation, insn: Insn): string {
  const { dst, src, off, imm } = insn
  switch (does.kind) {
    case 'binary':
      return `${register(does.width, dst)} ${BINARY_SYMBOLS[does.op]} ${sourceText(does, insn)}`
    case 'neg':
      return `${register(does.width, dst)} = -${register(does.width, dst)}`
    case 'mov':
      return `${register(does.width, dst)} = ${sourceText(does, insn)}`
    case 'movsx':
      return `${register(does.width, dst)} = (s${does.bits})${register(does.width, src)}`
    case 'castAddress':
      return `r${dst} = addr_space_cast(r${src}, ${imm >> 16}, ${imm & 0xffff})`
    case 'end':
      return `r${dst} = ${does.order === 'swap' ? 'bswap' : does.order}${imm} r${dst}`
    case 'branch': {
      const test = `${register(does.width, dst)} ${PRED_SYMBOLS[does.pred]} ${sourceText(does, insn)}`
      return `if ${test} goto ${distanceText(off)}`
    }
    case 'goto':
      return does.long ? `gotol ${distanceText(imm)}` : `goto ${distanceText(off)}`
    case 'mayGoto':
      return `may_goto ${distanceText(off)}`
    case 'call':
      return callText(does, insn)
    case 'exit':
      return 'exit'
    case 'load':
      return `r${dst} = *${pointer(`${does.signed ? 's' : 'u'}${does.bits}`, src, off)}`
    case 'store':
      return `*${pointer(`u${does.bits}`, dst, off)} = ${does.source === 'reg' ? `r${src}` : imm}`
    case 'atomic':
      return atomicText(does, insn)
    case 'loadAcquire':
      return `r${dst} = load_acquire(${pointer(`u${does.bits}`, src, off)})`
    case 'storeRelease':
      return `store_release(${pointer(`u${does.bits}`, dst, off)}, r${src})`
    case 'ldImm64':
      return `r${dst} = ${imm64Text(does, insn)}`
    case 'loadPacket':
      return `r0 = *(u${does.bits} *)skb[${does.indirect ? `r${src}${offsetText(imm)}` : imm}]`
    default:
      return assertNever(does)
  }
}

function sourceText(does: OperationOf<'binary' | 'mov' | 'branch'>, insn: Insn): string {
  return does.source === 'reg' ? register(does.width, insn.src) : String(insn.imm)
}

function callText(does: OperationOf<'call'>, insn: Insn): string {
  switch (does.target) {
    case 'helper': {
      const name = helperById(insn.imm)
      return `call ${name === undefined ? insn.imm : `bpf_${name}`}`
    }
    case 'local':
      return `call pc${distanceText(insn.imm)}`
    case 'kfunc':
      return `call kfunc ${insn.imm}${insn.off === 0 ? '' : ` btf ${insn.off}`}`
  }
}

// LLVM writes the exchanges without the C pointer: `r1 = xchg_64(r2 + 8, r1)`, and `xchg32_32` with w registers.
function atomicText({ op, bits, fetch }: OperationOf<'atomic'>, { dst, src, off }: Insn): string {
  const value = register(bits, src)
  const address = `r${dst}${offsetText(off)}`
  const suffix = bits === 32 ? '32_32' : '_64'
  switch (op) {
    case 'xchg':
      return `${value} = xchg${suffix}(${address}, ${value})`
    case 'cmpxchg':
      return `${register(bits, 0)} = cmpxchg${suffix}(${address}, ${register(bits, 0)}, ${value})`
    default: {
      const place = pointer(`u${bits}`, dst, off)
      return fetch ? `${value} = atomic_fetch_${op}(${place}, ${value})` : `lock *${place} ${lockSymbol(op)} ${value}`
    }
  }
}

const lockSymbol = (op: Exclude<AtomicName, 'xchg' | 'cmpxchg'>): string => LOCK_SYMBOLS[op]

function imm64Text(does: OperationOf<'ldImm64'>, insn: Insn): string {
  const high = insn.immHigh ?? 0
  switch (does.of) {
    case 'number':
      return `${(BigInt(high) << 32n) | BigInt(insn.imm >>> 0)} ll`
    case 'mapFd':
      return `map[fd:${insn.imm}]`
    case 'mapValue':
      return `map[fd:${insn.imm}][0]${distanceText(high)}`
    case 'btfId':
      return `btf[id:${insn.imm}][fd:${high}]`
    case 'func':
      return `func[pc${distanceText(insn.imm)}]`
    case 'mapIndex':
      return `map[idx:${insn.imm}]`
    case 'mapIndexValue':
      return `map[idx:${insn.imm}][0]${distanceText(high)}`
    default:
      return assertNever(does.of)
  }
}

function rawText(insn: Insn): string {
  const fields = [insn.opcode, insn.dst, insn.src, insn.off, insn.imm, insn.immHigh]
  return `.insn ${fields.filter((f) => f !== undefined).join(', ')}`
}
