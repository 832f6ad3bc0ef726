/** Program types and attach types that the tests of tables ask the verifier about. */
import { PROGRAM_TYPES, type ProgramTypeName, programTypeRow } from '../../../packages/core/src/tables/program-types.ts'
import type { LoadUser } from '../../support/kernel-load.ts'

/** They need a target with a BTF id, always sleep, or are not built into common kernels. */
const LEFT_OUT: readonly ProgramTypeName[] = ['tracing', 'lsm', 'ext', 'struct_ops', 'syscall', 'lirc_mode2']

/** One user for every program type and attach type of its sections. */
export const USERS: readonly LoadUser[] = (Object.keys(PROGRAM_TYPES) as ProgramTypeName[])
  .filter((type) => !LEFT_OUT.includes(type))
  .flatMap((type) => {
    const attachTypes = programTypeRow(type)
      .sections.filter((s) => !s.sleepable)
      .map((s) => s.attachType)
    return [...new Set(attachTypes)].map((attachType) => ({ type, attachType }))
  })
