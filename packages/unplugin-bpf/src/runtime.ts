/**
 * `unplugin-bpf/runtime` under Node: what generated modules import. The kernel loader comes along, but its native part
 * is loaded only when a program is loaded into a kernel.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import {
  type Backends,
  type BpfModule,
  defineModule as define,
  describeElf,
  type LoadedObject,
  type LoadOptions,
  type ModuleMeta,
  type ModuleShape,
  type OtherProgram,
} from '@unplugin-bpf/core/runtime'
import { createVm } from '@unplugin-bpf/core/vm'
import { type LoadOptions as KernelOptions, kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'

export * from '@unplugin-bpf/core/runtime'
export { SyscallError, VerifierError } from '@unplugin-bpf/loader'

export function defineModule<S extends ModuleShape>(meta: ModuleMeta): BpfModule<S> {
  return define<S>(meta, backendsFor({}))
}

export interface OpenOptions extends KernelOptions {
  readonly backend?: LoadOptions['backend']
  /** Constants (`.rodata`) to set before loading, by name in camel case. */
  readonly constants?: Readonly<Record<string, unknown>> | undefined
}

/** What is known of an object without a generated module: names, and types at run time. */
export interface UntypedShape extends ModuleShape {
  // biome-ignore lint/suspicious/noExplicitAny: only the object's BTF knows
  readonly maps: Readonly<Record<string, any>>
  readonly programs: Readonly<Record<string, OtherProgram>>
  readonly structs: object
  readonly constants: object
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly globals: Record<string, any>
}

/**
 * Loads an object of any compiler, from a path or as bytes: `open('x.bpf.o')`. Maps, programs and global variables are
 * there by their names in camel case; keys and values have the types of the object's BTF, or are bytes.
 */
export function open(file: string | Uint8Array, options: OpenOptions = {}): LoadedObject<UntypedShape> {
  const { backend, constants, ...kernel } = options
  const elf = typeof file === 'string' ? new Uint8Array(readFileSync(file)) : file
  const name = typeof file === 'string' ? basename(file) : 'object'
  return define<UntypedShape>(describeElf(elf, name), backendsFor(kernel)).load({ backend, constants })
}

function backendsFor(options: KernelOptions): Backends {
  return {
    kernel: (object) => loadKernelObject(object, options),
    kernelUsable,
    vm: (object) => createVm(object),
    env: (name) => process.env[name],
  }
}
