/** The built-in forms of program bodies, in one table: translator, usage hints, docs and fuzzer read it. */
import type { FormTable, SpecialForm } from './context.ts'
import { ARGUMENT_FORMS } from './forms/arguments.ts'
import { ARITH_FORMS } from './forms/arith.ts'
import { ASSEMBLY_FORMS } from './forms/assembly.ts'
import { BINDING_FORMS } from './forms/binding.ts'
import { BPF_LOOP_FORMS } from './forms/bpf-loop.ts'
import { CONTROL_FORMS } from './forms/control.ts'
import { GLOBAL_FORMS } from './forms/globals.ts'
import { translateHelper } from './forms/helpers.ts'
import { KERNEL_FORMS } from './forms/kernel.ts'
import { LOCK_FORMS } from './forms/locks.ts'
import { LOOP_FORMS } from './forms/loops.ts'
import { MAP_FORMS } from './forms/maps.ts'
import { MEMORY_FORMS } from './forms/memory.ts'
import { PLACE_TABLE } from './forms/places.ts'

export const SPECIAL_FORMS: ReadonlyMap<string, SpecialForm> = new Map(
  Object.entries({
    ...BINDING_FORMS,
    ...PLACE_TABLE,
    ...CONTROL_FORMS,
    ...LOOP_FORMS,
    ...BPF_LOOP_FORMS,
    ...GLOBAL_FORMS,
    ...ARITH_FORMS,
    ...MEMORY_FORMS,
    ...MAP_FORMS,
    ...LOCK_FORMS,
    ...ASSEMBLY_FORMS,
    ...KERNEL_FORMS,
    ...ARGUMENT_FORMS,
  }),
)

export const FORMS: FormTable = { special: SPECIAL_FORMS, helper: translateHelper }
