/** `unplugin-bpf/runtime` in a browser build: bytes, codecs and the VM; loading into a kernel says what it needs. */
import { type BpfModule, defineModule as define, type ModuleMeta, type ModuleShape } from '@unplugin-bpf/core/runtime'
import { createVm } from '@unplugin-bpf/core/vm'

export * from '@unplugin-bpf/core/runtime'

export function defineModule<S extends ModuleShape>(meta: ModuleMeta): BpfModule<S> {
  return define<S>(meta, { vm: (object) => createVm(object) })
}
