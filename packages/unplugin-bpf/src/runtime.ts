/**
 * `unplugin-bpf/runtime` under Node: what generated modules import. The kernel loader comes along, but its native part
 * is loaded only when a program is loaded into a kernel.
 */
import { type BpfModule, defineModule as define, type ModuleMeta, type ModuleShape } from '@unplugin-bpf/core/runtime'
import { createVm } from '@unplugin-bpf/core/vm'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'

export * from '@unplugin-bpf/core/runtime'
export { SyscallError, VerifierError } from '@unplugin-bpf/loader'

export function defineModule<S extends ModuleShape>(meta: ModuleMeta): BpfModule<S> {
  return define<S>(meta, {
    kernel: (object) => loadKernelObject(object),
    kernelUsable,
    vm: (object) => createVm(object),
    env: (name) => process.env[name],
  })
}
