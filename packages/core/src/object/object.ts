/**
 * A BPF object as pure data, deterministic: same source or same ELF in, same object out, on every system. The compiler
 * makes it, `to-elf` writes it, `from-elf` reads it back; VM and loader consume it. Only the loader touches a kernel.
 */
import type { Insn } from '../bpf/insn.ts'
import type { CoreRelocationKind } from '../btf/core-kinds.ts'
import type { CoreQuery } from '../types/core-query.ts'

/** Where an instruction came from; written to `.BTF.ext` line_info. */
export interface LineInfo {
  /** Slot index in the program. */
  readonly slot: number
  readonly file: string
  /** The source line's text. */
  readonly text: string
  /** 1-based. */
  readonly line: number
  readonly column: number
}

export type Relocation =
  /** ld_imm64 of a map; the instruction has src `PSEUDO.MAP_FD` and value 0 until a loader resolves it. */
  | { readonly kind: 'map'; readonly slot: number; readonly map: string }
  /** ld_imm64 of an address inside the first value of a map (bytes). */
  | { readonly kind: 'mapValue'; readonly slot: number; readonly map: string; readonly offset: number }

/** An instruction that names a function; `object/link` resolves those of the object's own functions. */
export interface FunctionReference {
  /**
   * `call`: of a function of the object (src `PSEUDO.CALL`). `address`: ld_imm64 of one, for helpers that call back (src
   * `PSEUDO.FUNC`). `kfunc`: call of a kernel function (src `PSEUDO.KFUNC_CALL`), which a loader finds by name.
   */
  readonly kind: 'call' | 'address' | 'kfunc'
  readonly slot: number
  readonly function: string
}

/** ld_imm64 of a variable of the kernel, 0 until a loader resolves it. */
export interface KsymReference {
  readonly slot: number
  readonly symbol: string
  /** 0 when the kernel does not have it; else that is an error. */
  readonly weak: boolean
  /** One that the kernel's BTF describes; else just an address. */
  readonly typed: boolean
}

/** Where ELF has functions that programs call. */
export const FUNCTION_SECTION = '.text'

/** Code that programs call: a function in `.text`. */
export interface FunctionSpec {
  readonly name: string
  readonly insns: readonly Insn[]
  readonly relocations: readonly Relocation[]
  readonly references?: readonly FunctionReference[] | undefined
  readonly ksyms?: readonly KsymReference[] | undefined
  readonly coreRelocations?: readonly CoreRelocation[] | undefined
  readonly lines: readonly LineInfo[]
  readonly stackSize?: number | undefined
  readonly btfFuncId?: number | undefined
}

/** An instruction that asks the kernel at load time; see `struct bpf_core_relo` (include/uapi/linux/bpf.h). */
export interface CoreRelocation {
  readonly slot: number
  readonly kind: CoreRelocationKind
  /** Type in the object's BTF that the question starts from. */
  readonly typeId: number
  /** `0:1:2`: member and element numbers, or an enumerator's number. */
  readonly access: string
}

export interface ProgramSpec {
  /** ELF symbol. */
  readonly name: string
  readonly section: string
  /** Kernel name of the program type (key of tables/program-types). */
  readonly type: string
  /** Expected attach type by kernel name without `BPF_`. */
  readonly attachType: string | undefined
  /** What follows the slash in the section name (`sched/sched_switch`, a function, ...). */
  readonly attachTarget: string | undefined
  readonly insns: readonly Insn[]
  readonly relocations: readonly Relocation[]
  /** Absent: none. */
  readonly references?: readonly FunctionReference[] | undefined
  readonly ksyms?: readonly KsymReference[] | undefined
  /** CO-RE; absent: none. */
  readonly coreRelocations?: readonly CoreRelocation[] | undefined
  readonly lines: readonly LineInfo[]
  /** Bytes of stack used; undefined when unknown (read from a foreign object). */
  readonly stackSize?: number | undefined
  /** BTF type id of the FUNC, when the object has BTF. */
  readonly btfFuncId?: number | undefined
  /** Functions that are linked behind the program's own code: where each begins. */
  readonly linked?: readonly { readonly slot: number; readonly btfFuncId: number | undefined }[] | undefined
}

/** What a map that is a data section holds from the start. */
export interface DataSection {
  /** `.data`, `.bss`, `.rodata`, `.rodata.str1.1`, `.data.hits` ... */
  readonly section: string
  /** As many bytes as a value has. */
  readonly content: Uint8Array
  /** `.rodata`: nobody writes after loading, and the verifier knows the content. */
  readonly frozen: boolean
}

/** A global variable, in the value of a data section's map. */
export interface VariableSpec {
  readonly name: string
  readonly map: string
  readonly offset: number
  readonly size: number
  readonly btfTypeId?: number | undefined
}

/** A variable in the map `.kconfig`, whose value the loader takes from the kernel's configuration. */
export interface KconfigSpec {
  readonly name: string
  readonly form: 'bool' | 'tristate' | 'char' | 'int' | 'unsigned' | 'string'
  readonly offset: number
  readonly size: number
  /** 0 when the kernel does not have it; else that is an error. */
  readonly weak: boolean
}

export interface MapSpec {
  readonly name: string
  /** Key of tables/map-types. */
  readonly type: string
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly pinning?: 'byName' | undefined
  readonly btfKeyTypeId?: number | undefined
  readonly btfValueTypeId?: number | undefined
  readonly data?: DataSection | undefined
  /** Maps of maps: what each of the maps in it looks like. */
  readonly inner?: MapSpec | undefined
  /** First entries by index: names of maps (maps of maps) or of programs (prog arrays); undefined: empty. */
  readonly slots?: readonly (string | undefined)[] | undefined
}

export interface BpfObject {
  readonly license: string
  readonly maps: readonly MapSpec[]
  readonly programs: readonly ProgramSpec[]
  /** Absent: none. */
  readonly functions?: readonly FunctionSpec[] | undefined
  readonly variables?: readonly VariableSpec[] | undefined
  readonly kconfig?: readonly KconfigSpec[] | undefined
  /** Raw `.BTF` section, as the kernel takes it. */
  readonly btf?: Uint8Array | undefined
}

/** 8-byte units; what the kernel counts. */
export function slotCount(program: Pick<ProgramSpec, 'insns'>): number {
  return program.insns.reduce((n, insn) => n + (insn.immHigh === undefined ? 1 : 2), 0)
}

/** A question to the kernel, before the object's BTF has its types. */
export interface CoreReference {
  readonly slot: number
  readonly query: CoreQuery
}

/** What the backend makes of one function. */
export interface MachineCode {
  readonly insns: readonly Insn[]
  readonly relocations: readonly Relocation[]
  /** Absent: none. */
  readonly references?: readonly FunctionReference[] | undefined
  readonly core?: readonly CoreReference[] | undefined
  /** Ascending slots; the first is slot 0 (the kernel demands line info for the first instruction). */
  readonly lines: readonly LineInfo[]
  /** Bytes, a multiple of 8, at most 512. */
  readonly stackSize: number
}
