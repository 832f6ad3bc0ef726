/** Every section that a program can be written for, with a target where it needs one. */
import {
  PROGRAM_TYPES,
  type ProgramTypeName,
  programTypeRow,
  type SectionRow,
} from '../../../packages/core/src/tables/program-types.ts'

export interface SectionUser {
  readonly type: ProgramTypeName
  readonly section: string
  readonly row: SectionRow
}

/** Targets that every kernel of this age has. */
const TARGETS: Partial<Record<ProgramTypeName, string>> = {
  kprobe: 'do_unlinkat',
  tracepoint: 'sched/sched_switch',
  raw_tracepoint: 'sched_switch',
  raw_tracepoint_writable: 'sched_switch',
  lsm: 'file_open',
  tracing: 'do_unlinkat',
}
const SECTION_TARGETS: Readonly<Record<string, string>> = {
  tp_btf: 'sched_switch',
  iter: 'task',
  'iter.s': 'task',
  lsm_cgroup: 'socket_post_create',
}

export const SECTION_USERS: readonly SectionUser[] = (Object.keys(PROGRAM_TYPES) as ProgramTypeName[]).flatMap((type) =>
  programTypeRow(type).sections.map((row) => {
    const target = row.btfTarget ? (SECTION_TARGETS[row.name] ?? TARGETS[type]) : TARGETS[type]
    const named = row.target !== 'none' && target !== undefined && (row.target === 'required' || row.btfTarget)
    return { type, row, section: named ? `${row.name}/${target}` : row.name }
  }),
)
