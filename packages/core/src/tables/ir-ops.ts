/**
 * The SSA instruction set. Every value is a 64-bit register; `width: 32` means that the op reads the low halves and
 * zero-extends its result (BPF ALU32). Sub-word values are canonical: zero-extended by loads and `zext`, sign-extended
 * by `sext`.
 *
 *   op       args            result   notes
 *   const    -               int
 *   param    -               ptr      the context pointer (index 0)
 *   arg      -               int|ptr  parameter of a function that programs call
 *   phi      one per pred    any      parallel to block.preds; phis come first in a block
 *   add...   a b             int|ptr  ptr only for add/sub of a pointer and an integer
 *   load     p               int|ptr  `space` set: the kernel hands out a pointer (ctx->data), memory width stays `bits`
 *   store    p v             none
 *   br       a b             none     two targets: taken when `a pred b`, else the second
 *
 * Readers: ssa/verify, print, parse, every pass, isel, docs.
 */
import { alu } from '../arith/alu.ts'

export type OpClass = 'value' | 'binary' | 'unary' | 'memory' | 'call' | 'terminator'

export interface OpRow {
  readonly class: OpClass
  /** Number of arguments; `variadic` for phi, call, asm, and atomics (compare-exchange has one more). */
  readonly args: number | 'variadic'
  readonly result: 'int' | 'ptr' | 'none' | 'same' | 'attr'
  /** No effect and no dependence on memory: may be removed, merged and moved freely. */
  readonly pure: boolean
  readonly commutes?: true
  /** Right operand that leaves the left one unchanged. */
  readonly identity?: bigint
  /** Exact semantics for folding: arith/alu, the only arithmetic of the project. */
  readonly eval?: (a: bigint, b: bigint, width: 32 | 64) => bigint
  readonly reads?: true
  readonly writes?: true
}

const binary = (evaluate: NonNullable<OpRow['eval']>, more: Partial<OpRow> = {}): OpRow => ({
  class: 'binary',
  args: 2,
  result: 'same',
  pure: true,
  eval: evaluate,
  ...more,
})
const value = (result: OpRow['result']): OpRow => ({ class: 'value', args: 0, result, pure: true })
const unary = (): OpRow => ({ class: 'unary', args: 1, result: 'int', pure: true })

export const OPS = {
  const: value('int'),
  /** A number that a CO-RE relocation sets when the program is loaded. */
  coreConst: value('int'),
  param: value('ptr'),
  /** Argument of a BPF function. */
  arg: value('attr'),
  phi: { class: 'value', args: 'variadic', result: 'attr', pure: true },
  /** Address of a stack slot. */
  slot: value('ptr'),
  /** ld_imm64 of a map (BPF_PSEUDO_MAP_FD). */
  mapRef: value('ptr'),
  /** ld_imm64 of the address of a one-entry array's value (BPF_PSEUDO_MAP_VALUE, 5.2). */
  mapValue: value('ptr'),
  /** ld_imm64 of a function's address (BPF_PSEUDO_FUNC, 5.13). */
  funcRef: value('ptr'),

  add: binary(alu.add, { commutes: true, identity: 0n }),
  sub: binary(alu.sub, { identity: 0n }),
  mul: binary(alu.mul, { commutes: true, identity: 1n }),
  udiv: binary(alu.udiv, { identity: 1n }),
  umod: binary(alu.umod),
  sdiv: binary(alu.sdiv, { identity: 1n }),
  smod: binary(alu.smod),
  and: binary(alu.and, { commutes: true, identity: 0xffff_ffff_ffff_ffffn }),
  or: binary(alu.or, { commutes: true, identity: 0n }),
  xor: binary(alu.xor, { commutes: true, identity: 0n }),
  shl: binary(alu.shl, { identity: 0n }),
  lshr: binary(alu.lshr, { identity: 0n }),
  ashr: binary(alu.ashr, { identity: 0n }),
  neg: unary(),
  /** Reverses the low `bits` bits and clears the rest (BPF_END, to big-endian). */
  bswap: unary(),
  zext: unary(),
  sext: unary(),
  /** 1 when `a pred b`, else 0. */
  cmp: { class: 'binary', args: 2, result: 'int', pure: true },

  load: { class: 'memory', args: 1, result: 'attr', pure: false, reads: true },
  store: { class: 'memory', args: 2, result: 'none', pure: false, writes: true },
  atomic: { class: 'memory', args: 'variadic', result: 'attr', pure: false, reads: true, writes: true },
  /** Helper call; effects come from the helper's row. */
  call: { class: 'call', args: 'variadic', result: 'attr', pure: false, reads: true, writes: true },
  /** Call of a BPF function (BPF_PSEUDO_CALL) or of a kernel function (BPF_PSEUDO_KFUNC_CALL). */
  invoke: { class: 'call', args: 'variadic', result: 'attr', pure: false, reads: true, writes: true },
  /** One raw instruction given by the user; never moved or removed. */
  asm: { class: 'call', args: 'variadic', result: 'int', pure: false, reads: true, writes: true },

  br: { class: 'terminator', args: 2, result: 'none', pure: false },
  jump: { class: 'terminator', args: 0, result: 'none', pure: false },
  ret: { class: 'terminator', args: 1, result: 'none', pure: false },
} as const satisfies Record<string, OpRow>

export type OpName = keyof typeof OPS
export type BinaryOpName =
  | 'add' | 'sub' | 'mul' | 'udiv' | 'umod' | 'sdiv' | 'smod' | 'and' | 'or' | 'xor' | 'shl' | 'lshr' | 'ashr' // biome-ignore format: one row

/** Branch and compare predicates; `set` tests `a & b != 0` (JSET). The opposite of `set` is `clear`, which BPF lacks. */
export type Pred = 'eq' | 'ne' | 'ult' | 'ule' | 'ugt' | 'uge' | 'slt' | 'sle' | 'sgt' | 'sge' | 'set'

/** not (a pred b)  <=>  a INVERSE_PRED[pred] b */
export const INVERSE_PRED: Readonly<Record<Pred, Pred | undefined>> = {
  eq: 'ne',
  ne: 'eq',
  ult: 'uge',
  uge: 'ult',
  ule: 'ugt',
  ugt: 'ule',
  slt: 'sge',
  sge: 'slt',
  sle: 'sgt',
  sgt: 'sle',
  set: undefined,
}

/** a pred b  <=>  b SWAPPED_PRED[pred] a */
export const SWAPPED_PRED: Readonly<Record<Pred, Pred>> = {
  eq: 'eq',
  ne: 'ne',
  ult: 'ugt',
  ugt: 'ult',
  ule: 'uge',
  uge: 'ule',
  slt: 'sgt',
  sgt: 'slt',
  sle: 'sge',
  sge: 'sle',
  set: 'set',
}
