/** The table rows of a program and of its section, and which capabilities loading or attaching it takes. */
import {
  ATTACH_TYPE_IDS,
  type BpfObject,
  type LinkKind,
  matchSection,
  PROGRAM_TYPES,
  type ProgramSpec,
  type ProgramTypeName,
  type ProgramTypeRow,
  type SectionRow,
} from '@unplugin-bpf/core/object'
import type { Capability } from './system-state.ts'

export function programTypeOf(spec: ProgramSpec): ProgramTypeRow {
  const row = (PROGRAM_TYPES as Readonly<Record<string, ProgramTypeRow>>)[spec.type as ProgramTypeName]
  if (row === undefined) throw new Error(`program "${spec.name}": the program type ${spec.type} is not supported`)
  return row
}

/** What the section adds to the program type; undefined for sections that the table does not have. */
export function sectionRowOf(spec: ProgramSpec): SectionRow | undefined {
  const match = matchSection(spec.section)
  return match?.type === spec.type ? match.entry : undefined
}

export function linkKindOf(spec: ProgramSpec): LinkKind {
  return sectionRowOf(spec)?.link ?? programTypeOf(spec).link
}

/** include/uapi/linux/bpf.h */
const BPF_F_SLEEPABLE = 1 << 4
const BPF_F_XDP_HAS_FRAGS = 1 << 5

/** `prog_flags` of BPF_PROG_LOAD. */
export function loadFlagsOf(spec: ProgramSpec): number {
  const section = sectionRowOf(spec)
  return (section?.sleepable ? BPF_F_SLEEPABLE : 0) | (section?.frags ? BPF_F_XDP_HAS_FRAGS : 0)
}

/** Number of an attach type; 0 when there is none, as the kernel reads an absent one. */
export function attachTypeId(name: string | undefined): number {
  if (name === undefined) return 0
  const id = (ATTACH_TYPE_IDS as Readonly<Record<string, number>>)[name]
  if (id === undefined) throw new Error(`no attach type is named ${name}`)
  return id
}

/** Program types whose loading takes CAP_PERFMON (is_perfmon_prog_type, kernel/bpf/syscall.c, 6.18). */
const PERFMON_TYPES: ReadonlySet<string> = new Set<ProgramTypeName>([
  'kprobe',
  'tracepoint',
  'perf_event',
  'raw_tracepoint',
  'raw_tracepoint_writable',
  'tracing',
  'lsm',
  'struct_ops',
  'ext',
])

export function capabilitiesOf(spec: ProgramSpec): readonly Capability[] {
  return PERFMON_TYPES.has(spec.type) ? ['BPF', 'PERFMON'] : ['BPF', 'NET_ADMIN']
}

/** What loading the whole object takes; maps alone take CAP_BPF. */
export function capabilitiesOfObject(object: BpfObject): readonly Capability[] {
  return [...new Set<Capability>(['BPF', ...object.programs.flatMap(capabilitiesOf)])]
}
