/**
 * A BPF object as pure data, deterministic: same source or same ELF in, same object out, on every system. The compiler
 * makes it, `to-elf` writes it, `from-elf` reads it back; VM and loader consume it. Only the loader touches a kernel.
 */
import type { Insn } from '../bpf/insn.ts'

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
  readonly lines: readonly LineInfo[]
  /** Bytes of stack used; undefined when unknown (read from a foreign object). */
  readonly stackSize?: number | undefined
  /** BTF type id of the FUNC, when the object has BTF. */
  readonly btfFuncId?: number | undefined
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
}

export interface BpfObject {
  readonly license: string
  readonly maps: readonly MapSpec[]
  readonly programs: readonly ProgramSpec[]
  /** Raw `.BTF` section, as the kernel takes it. */
  readonly btf?: Uint8Array | undefined
}

/** 8-byte units; what the kernel counts. */
export function slotCount(program: ProgramSpec): number {
  return program.insns.reduce((n, insn) => n + (insn.immHigh === undefined ? 1 : 2), 0)
}

/** What the backend makes of one function. */
export interface MachineCode {
  readonly insns: readonly Insn[]
  readonly relocations: readonly Relocation[]
  /** Ascending slots; the first is slot 0 (the kernel demands line info for the first instruction). */
  readonly lines: readonly LineInfo[]
  /** Bytes, a multiple of 8, at most 512. */
  readonly stackSize: number
}
