/** Public API of `@unplugin-bpf/loader`: re-exports only. */
export { SyscallError, VerifierError } from './errors.ts'
export { type KernelUsable, kernelUsable } from './features.ts'
export { interfaceIndex } from './interfaces.ts'
export { KernelObject, type LoadOptions, loadKernelObject } from './kernel-object.ts'
export { loadFile } from './load-file.ts'
export type { KernelMap } from './map.ts'
export type { KernelProgram } from './program.ts'
export { KernelUnavailableError } from './sys/addon.ts'
