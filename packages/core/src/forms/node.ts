/**
 * Core forms: where `.bpf.lisp` and `.bpf.ts` meet. After this nothing knows which language a program came from. A form
 * is an expression; statements have the value 0. Every form has the span that errors and line_info show.
 *
 * Values are unsigned 64-bit registers. Width and sign matter only where a form says so: `load`, `cast`, typed locals,
 * and the signed operators and predicates.
 */
import type { Span } from '../diag/source.ts'
import type { ContextField } from '../tables/contexts.ts'
import type { HelperName } from '../tables/helpers/index.ts'
import type { BinaryOpName, Pred } from '../tables/ir-ops.ts'
import type { CoreQuery } from '../types/core-query.ts'
import type { IntType, PtrSpace, Type } from '../types/types.ts'
import type { FunctionDecl, GlobalDecl, KfuncDecl, MapDecl } from './module.ts'

/** Which macro calls a form came out of, innermost first. */
export interface Trail {
  readonly macro: string
  /** The template form inside the macro's definition, when known. */
  readonly span?: Span | undefined
  readonly parent?: Trail | undefined
}

interface Base {
  readonly span: Span
  readonly trail?: Trail | undefined
}

/** The map of an operation: a declared one, or one that `via` points to and that looks as `map` is declared. */
export interface OnMap {
  readonly map: MapDecl
  /** Pointer to a map, out of a map of maps. */
  readonly via?: Form | undefined
}

/** A variable; compared by identity, so that shadowing needs no renaming. */
export interface Local {
  readonly name: string
  /** Declared type: stores to the local are truncated (and sign-extended) to it. Absent: inferred from the first value. */
  readonly type: IntType | undefined
  readonly span: Span
}

/** A key or value operand of a map operation. */
export type MapOperand =
  /** An integer that goes through a stack slot of the map's key or value size. */
  | { readonly kind: 'scalar'; readonly value: Form }
  /** A pointer to that many bytes. */
  | { readonly kind: 'pointer'; readonly ptr: Form }

export type AtomicOp = 'add' | 'and' | 'or' | 'xor' | 'xchg' | 'cmpxchg'

export type Form =
  // values
  | (Base & { readonly kind: 'const'; readonly value: bigint; readonly type?: IntType })
  | (Base & { readonly kind: 'local'; readonly local: Local })
  /** The context pointer. */
  | (Base & { readonly kind: 'ctx' })
  | (Base & { readonly kind: 'mapRef'; readonly map: MapDecl })
  /** Address of a global variable; `load` and `store` through it read and write the variable. */
  | (Base & { readonly kind: 'globalAddr'; readonly global: GlobalDecl })
  /** Address of a function, for helpers that call back (`loop`, `for_each_map_elem`, `timer_set_callback`). */
  | (Base & { readonly kind: 'functionRef'; readonly function: FunctionDecl })
  /** A number that the kernel at load time decides (CO-RE); `value` is its value at compile time. */
  | (Base & { readonly kind: 'coreConst'; readonly query: CoreQuery; readonly value: bigint })
  // binding and control
  /** Initialisers are evaluated in order, before any of the locals is visible. No `init`: zero. */
  | (Base & { readonly kind: 'let'; readonly bindings: readonly Binding[]; readonly body: Form })
  /** Has the (truncated) value. */
  | (Base & { readonly kind: 'set'; readonly local: Local; readonly value: Form })
  /** Value of the last form; 0 when empty. */
  | (Base & { readonly kind: 'seq'; readonly forms: readonly Form[] })
  /** A missing `else` is 0. */
  | (Base & { readonly kind: 'if'; readonly test: Form; readonly then: Form; readonly else?: Form | undefined })
  /** First zero operand, else the last value. */
  | (Base & { readonly kind: 'and'; readonly forms: readonly Form[] })
  /** First non-zero operand, else 0. */
  | (Base & { readonly kind: 'or'; readonly forms: readonly Form[] })
  /** 1 when the value is 0, else 0. */
  | (Base & { readonly kind: 'not'; readonly value: Form })
  /** Runs the body with local = 0 .. count-1; value 0. */
  | (Base & { readonly kind: 'repeat'; readonly local: Local; readonly count: number; readonly body: Form })
  /**
   * Runs the body while the test is non-zero; value 0. The verifier follows the rounds one by one (5.3), so it must be
   * able to see that they end: a counter that a constant bounds.
   */
  | (Base & { readonly kind: 'while'; readonly test: Form; readonly body: Form })
  /** Body whose value may be given early by a `leave` with the same label. */
  | (Base & { readonly kind: 'block'; readonly label: Label; readonly body: Form })
  | (Base & { readonly kind: 'leave'; readonly label: Label; readonly value?: Form | undefined })
  /** Ends the program or function; no value: 0. */
  | (Base & { readonly kind: 'return'; readonly value?: Form | undefined })
  // arithmetic
  | (Base & { readonly kind: 'binary'; readonly op: BinaryOpName; readonly left: Form; readonly right: Form })
  | (Base & { readonly kind: 'negate'; readonly value: Form })
  /** 1 or 0. */
  | (Base & { readonly kind: 'compare'; readonly pred: Pred; readonly left: Form; readonly right: Form })
  | (Base & { readonly kind: 'cast'; readonly type: IntType; readonly value: Form })
  /** ntohs, htonl ...: reverses the low `bits` bits, clears the rest. */
  | (Base & { readonly kind: 'bswap'; readonly bits: 16 | 32 | 64; readonly value: Form })
  // memory; offsets in bytes
  /** `as`: the memory holds what this variable, maybe of a calling function, held: a pointer if that is one. */
  | (Base & {
      readonly kind: 'load'
      readonly type: IntType
      readonly ptr: Form
      readonly offset: Form
      readonly as?: Local | undefined
    })
  /** Has the stored value. */
  | (Base & {
      readonly kind: 'store'
      readonly type: IntType
      readonly ptr: Form
      readonly offset: Form
      readonly value: Form
    })
  /** A load at a relocatable offset (`query` asks for one). `space`: the kernel hands out a pointer. */
  | (Base & {
      readonly kind: 'coreLoad'
      readonly type: IntType
      readonly ptr: Form
      readonly offset: FormOf<'coreConst'>
      readonly space?: PtrSpace | undefined
    })
  | (Base & {
      readonly kind: 'coreStore'
      readonly type: IntType
      readonly ptr: Form
      readonly offset: FormOf<'coreConst'>
      readonly value: Form
    })
  /** `field` is absent for the untyped `(ctx u32 4)`. */
  | (Base & {
      readonly kind: 'ctxLoad'
      readonly type: IntType
      readonly offset: number
      readonly field?: ContextField | undefined
    })
  | (Base & {
      readonly kind: 'ctxStore'
      readonly type: IntType
      readonly offset: number
      readonly field?: ContextField | undefined
      readonly value: Form
    })
  /** Address of fresh stack memory, one slot per form. `zeroed`: cleared each time it is evaluated. */
  | (Base & {
      readonly kind: 'alloc'
      readonly name: string
      readonly size: number
      readonly align: number
      readonly zeroed: boolean
      readonly type?: Type | undefined
    })
  /** Address of a local, which then lives on the stack. */
  | (Base & { readonly kind: 'localAddr'; readonly local: Local })
  /** `fetch`: the value is the old one; else 0. `expected` only for cmpxchg (always fetches). */
  | (Base & {
      readonly kind: 'atomic'
      readonly op: AtomicOp
      readonly type: IntType
      readonly ptr: Form
      readonly offset: Form
      readonly value: Form
      readonly expected?: Form | undefined
      readonly fetch: boolean
    })
  | (Base & {
      readonly kind: 'memset'
      readonly ptr: Form
      readonly offset: number
      readonly byte: Form
      readonly size: number
    })
  | (Base & {
      readonly kind: 'memcpy'
      readonly dst: Form
      readonly dstOffset: number
      readonly src: Form
      readonly srcOffset: number
      readonly size: number
    })
  // maps
  /** Pointer to the value, or 0. */
  | (Base & OnMap & { readonly kind: 'mapLookup'; readonly key: MapOperand })
  /** Value for scalar values (0 when missing), else pointer (0 when missing). */
  | (Base & OnMap & { readonly kind: 'mapGet'; readonly key: MapOperand })
  /** The helper's result; `(setf (getmap ..) v)` wraps it so that its value is v. */
  | (Base &
      OnMap & {
        readonly kind: 'mapUpdate'
        readonly key: MapOperand
        readonly value: MapOperand
        readonly flags: Form
      })
  | (Base & OnMap & { readonly kind: 'mapDelete'; readonly key: MapOperand })
  /** Adds without losing a count; inserts in sparse maps. Value 0. */
  | (Base &
      OnMap & {
        readonly kind: 'mapAdd'
        readonly key: MapOperand
        readonly delta: Form
        readonly op: 'add' | 'sub'
      })
  // calls
  /** Map arguments are `mapRef` forms; argument kinds are those of the helper's row. */
  | (Base & { readonly kind: 'call'; readonly helper: HelperName; readonly args: readonly Form[] })
  /** Call of a function of the module; arguments are truncated to the types of its parameters. */
  | (Base & { readonly kind: 'invoke'; readonly function: FunctionDecl; readonly args: readonly Form[] })
  | (Base & { readonly kind: 'kfunc'; readonly kfunc: KfuncDecl; readonly args: readonly Form[] })
  /** Falls through when the slot is empty; value 0. */
  | (Base & { readonly kind: 'tailCall'; readonly map: MapDecl; readonly index: Form })
  /** One raw instruction; registers are physical. Value: r0 afterwards. */
  | (Base & {
      readonly kind: 'asm'
      readonly opcode: number
      readonly dst: number
      readonly src: number
      readonly off: number
      readonly imm: number
    })

export type FormKind = Form['kind']
export type FormOf<K extends FormKind> = Extract<Form, { kind: K }>

export interface Binding {
  readonly local: Local
  readonly init?: Form | undefined
}

/** Target of `leave`; compared by identity. */
export interface Label {
  readonly name: string
}
