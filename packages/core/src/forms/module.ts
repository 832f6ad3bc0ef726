/** What a front end hands over: everything one source file declares, names already in the kernel's spelling. */
import type { SourceFile, Span } from '../diag/source.ts'
import type { MapTypeName } from '../tables/map-types.ts'
import type { ProgramTypeName } from '../tables/program-types.ts'
import type { StructType, Type, UnionType } from '../types/types.ts'
import type { Form } from './node.ts'

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
}
