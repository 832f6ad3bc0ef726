/**
 * What an SSA function is made of: instructions with attributes per op, blocks, stack slots. All of it is read-only to
 * passes; `ssa/func.ts` has the edits. Op facts are in tables/ir-ops.
 */
import type { Span } from '../diag/source.ts'
import type { FunctionDecl, KfuncDecl, MapDecl } from '../forms/module.ts'
import type { AtomicOp } from '../forms/node.ts'
import type { HelperName } from '../tables/helpers/index.ts'
import type { BinaryOpName, OpName, Pred } from '../tables/ir-ops.ts'
import type { CoreQuery } from '../types/core-query.ts'
import type { IntBits, PtrSpace } from '../types/types.ts'

/** `int`: a 64-bit number. `ptr`: a pointer that the verifier tracks. `none`: no result. */
export type SsaType = 'int' | 'ptr' | 'none'

/** Stack memory of one function, placed by backend/frame. */
export interface Slot {
  readonly id: number
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly align: number
}

/** What a call without a helper calls. */
export type Callee =
  | { readonly kind: 'function'; readonly decl: FunctionDecl }
  | { readonly kind: 'kfunc'; readonly decl: KfuncDecl }

interface WidthAttr {
  readonly width: 32 | 64
}

/** Attributes per op; whatever is not an argument. */
export type OpAttrs = {
  [K in BinaryOpName]: WidthAttr
} & {
  const: { readonly value: bigint }
  /** `value`: what the kernel at compile time would answer. */
  coreConst: { readonly query: CoreQuery; readonly value: bigint }
  param: { readonly index: number }
  /** `space`: what a pointer points to, when all callers agree. */
  arg: { readonly index: number; readonly space?: PtrSpace | undefined }
  phi: object
  slot: { readonly slot: Slot }
  mapRef: { readonly map: MapDecl }
  /** Offset in bytes into the value. */
  mapValue: { readonly map: MapDecl; readonly offset: number }
  funcRef: { readonly function: FunctionDecl }
  neg: WidthAttr
  bswap: { readonly bits: 16 | 32 | 64 }
  zext: { readonly bits: 8 | 16 | 32 }
  sext: { readonly bits: 8 | 16 | 32 }
  cmp: { readonly pred: Pred; readonly width: 32 | 64 }
  /** Zero-extends. `space`: the result is a pointer (ctx->data); its memory is still `bits` wide. */
  load: { readonly bits: IntBits; readonly offset: number; readonly space?: PtrSpace | undefined }
  store: { readonly bits: IntBits; readonly offset: number }
  /** args: ptr value; cmpxchg: ptr expected value. */
  atomic: { readonly op: AtomicOp; readonly bits: 32 | 64; readonly offset: number; readonly fetch: boolean }
  call: { readonly helper: HelperName }
  invoke: { readonly callee: Callee }
  asm: {
    readonly opcode: number
    readonly dst: number
    readonly src: number
    readonly off: number
    readonly imm: number
  }
  br: { readonly pred: Pred; readonly width: 32 | 64 }
  jump: object
  ret: object
}

export interface InstOf<K extends OpName> {
  /** Dense per function; printed as v<id>. */
  readonly id: number
  readonly op: K
  readonly attr: OpAttrs[K]
  readonly args: readonly Inst[]
  readonly type: SsaType
  /** Source position; passes give a new instruction the span of what it replaces. */
  readonly span: Span | undefined
  /** Undefined while detached. */
  readonly block: Block | undefined
  /** Instructions that have this one as an argument (once per instruction, however often). */
  readonly uses: ReadonlySet<Inst>
}

export type Inst = { [K in OpName]: InstOf<K> }[OpName]

export interface Block {
  readonly id: number
  /** Phis first, one terminator last. */
  readonly insts: readonly Inst[]
  readonly preds: readonly Block[]
  /** Targets of the terminator: br [taken, not taken], jump [target], ret []. */
  readonly succs: readonly Block[]
}
