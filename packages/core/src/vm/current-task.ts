/** The task_struct of the process that programs run in, where the object's BTF has that struct. */
import type { KernelField } from '../btf/kernel-types.ts'
import type { KernelFields, KernelMemory } from './kernel-objects.ts'
import type { Memory, Region } from './memory.ts'
import type { VmTask } from './options.ts'

export interface CurrentTask {
  readonly region: Region
  /** After a change of the process. */
  update(task: VmTask): void
}

/** Bytes of a task that the program cannot read by name: it has an address, nothing more. */
const OPAQUE = 16

export function createCurrentTask(memory: Memory, kernel: KernelMemory, fields: KernelFields | undefined): CurrentTask {
  const init = { kind: 'data', name: 'the task_struct', bytes: OPAQUE, access: 'none', lifetime: 'kept' } as const
  if (fields === undefined && !kernel.has(STRUCT)) return { region: memory.add(init), update: () => {} }
  const region = kernel.place({ struct: STRUCT, fields: fields ?? {} })
  const members = kernel
    .members(STRUCT)
    .filter(isUsual)
    .map((field) => field.name)
  return {
    region,
    update({ pid, tgid, comm }) {
      // As the helpers see it; what the test gave wins.
      const own: KernelFields = { pid, tgid, comm: new TextEncoder().encode(comm).subarray(0, COMM_LENGTH - 1) }
      const shown = Object.entries(own).filter(([name]) => members.includes(name) && !Object.hasOwn(fields ?? {}, name))
      kernel.fill(STRUCT, Object.fromEntries(shown), region)
    },
  }
}

const STRUCT = 'task_struct'
/** TASK_COMM_LEN, include/linux/sched.h. */
const COMM_LENGTH = 16

/** Objects of other compilers declare the members themselves, maybe with types that take no such value. */
function isUsual({ name, type }: KernelField): boolean {
  if (name === 'comm') return type?.kind === 'array' && type.element.kind === 'int' && type.length >= COMM_LENGTH
  return type?.kind === 'int' && type.type.bits >= 32
}
