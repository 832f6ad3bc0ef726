/** Public entry `@unplugin-bpf/core/vm`: re-exports only. */

export { type BareResult, runInsns } from '../vm/bare.ts'
export { ERRNO, type ErrnoName, VmError } from '../vm/errno.ts'
export { type FaultPlace, VmFault } from '../vm/fault.ts'
export type { HelperCall, HelperHook } from '../vm/helpers/hook.ts'
export { type KernelFields, KernelObject, type KernelValue, kernelObject } from '../vm/kernel-objects.ts'
export type { PerfEvent, SurroundingChanges, VmEngine, VmOptions, VmTask } from '../vm/options.ts'
export type { StepHook, StepState } from '../vm/trace.ts'
export { createVm, type Vm } from '../vm/vm.ts'
