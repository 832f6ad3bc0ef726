/** What a front end hands over: everything one source file declares, names already in the kernel's spelling. */
import type { SourceFile, Span } from '../diag/source.ts'
import type { MapTypeName } from '../tables/map-types.ts'
import type { ProgramTypeName } from '../tables/program-types.ts'
import type { IntType, PtrType, StructType, Type, UnionType } from '../types/types.ts'
import type { Form, Local } from './node.ts'

export interface MapDecl {
  /** ELF name (`pkt_count`). */
  readonly name: string
  readonly type: MapTypeName
  /** Bytes; 0 for ring buffers. */
  readonly keySize: number
  readonly valueSize: number
  /** Given by `:key-type`, or derived from a key size of 1, 2, 4 or 8; absent for untyped bytes. */
  readonly keyType: Type | undefined
  readonly valueType: Type | undefined
  readonly maxEntries: number
  /** BPF_F_* */
  readonly flags: number
  readonly pinning?: 'byName' | undefined
  /** Ring buffers: the struct of the records, when declared or when all reserves agree. */
  readonly recordType?: Type | undefined
  /** Maps of maps: what each of the maps in it looks like. */
  readonly inner?: MapDecl | undefined
  /** First entries by index: names of maps (maps of maps) or of programs (prog arrays); undefined: empty. */
  readonly slots?: readonly (string | undefined)[] | undefined
  readonly span: Span
}

export interface ProgramDecl {
  /** ELF symbol (`count_packets`). */
  readonly name: string
  readonly type: ProgramTypeName
  /** ELF section as libbpf accepts it (`xdp`, `cgroup/connect4`, `tracepoint/sched/sched_switch`). */
  readonly section: string
  /** Expected attach type by kernel name (`XDP`, `CGROUP_INET4_CONNECT`); absent: none. */
  readonly attachType: string | undefined
  /** NAME of a section like `xdp/tcp`, which libbpf refuses. */
  readonly label?: string | undefined
  readonly license: string
  readonly body: Form
  readonly span: Span
}

/**
 * A global variable. It lives in the only value of an array map that the loader makes (`.data`, `.bss`, `.rodata`), so
 * that programs, and user space through a mapping, share it.
 */
export interface GlobalDecl {
  /** ELF symbol (`min_uid`). */
  readonly name: string
  readonly type: Type
  /** `readonly`: user space sets it before load, then it is frozen and the verifier knows its value. */
  readonly access: 'readwrite' | 'readonly'
  /** As many bytes as the type has; all zero: `.bss`. */
  readonly init: Uint8Array
  /** A literal of the program (a format string): user space does not see it. */
  readonly hidden?: true | undefined
  readonly span: Span
}

/** A BPF function that programs call. It is compiled once, and linked behind every program that needs it. */
export interface FunctionDecl {
  /** ELF symbol, in `.text`. */
  readonly name: string
  /** At most 5. One without a type holds what its callers pass: the pointer types are inferred from the calls. */
  readonly params: readonly Local[]
  /** Index of the parameter that is the program's context: `ctx` and `ctxLoad` forms of the body mean it. */
  readonly contextParam?: number | undefined
  /** Where the context is, behind a pointer parameter: callbacks that get it in the memory of their caller. */
  readonly contextSlot?: { readonly param: number; readonly offset: number } | undefined
  /** Variables of callers that the body finds in memory (`load` forms with `as`). */
  readonly captures?: readonly Local[] | undefined
  /** Pointer types that the calls do not tell (what a helper passes to a callback), by index. */
  readonly pointerParams?: ReadonlyMap<number, PtrType> | undefined
  readonly result: IntType
  /** `return` leaves the function. */
  readonly body: Form
  readonly span: Span
}

/** A pointer that a function of the kernel takes or gives. What it points to decides which ones the kernel accepts. */
export interface KernelPointer {
  readonly kind: 'kernelPointer'
  /** Struct by its C name, or an integer; absent: `void`. */
  readonly to?: string | IntType | undefined
}

/** A function of the kernel, called by name; the loader finds it in the kernel's BTF. */
export interface KfuncDecl {
  readonly name: string
  readonly params: readonly { readonly name: string; readonly type: IntType | KernelPointer }[]
  /** Absent: nothing. */
  readonly result: IntType | KernelPointer | undefined
  readonly span: Span
}

export interface ConstantDecl {
  /** Name as written, without the plus signs (`stat_events_sent`). */
  readonly name: string
  readonly value: bigint
  readonly span: Span
}

export interface Module {
  readonly file: SourceFile
  /** Every file that was read, the main one first: the bundler watches these. */
  readonly files: readonly SourceFile[]
  readonly license: string
  readonly structs: readonly (StructType | UnionType)[]
  readonly constants: readonly ConstantDecl[]
  readonly maps: readonly MapDecl[]
  readonly programs: readonly ProgramDecl[]
  /** Absent: none. */
  readonly globals?: readonly GlobalDecl[] | undefined
  /** Those that no program reaches are left out of the object. */
  readonly functions?: readonly FunctionDecl[] | undefined
  /** Those that no code calls are left out of the object. */
  readonly kfuncs?: readonly KfuncDecl[] | undefined
}
