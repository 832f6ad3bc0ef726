/**
 * The module object behind `import filter from './filter.bpf.lisp'`: metadata, and `load`, which chooses a backend.
 * Hosts pass in the backends they have: a browser has only the VM.
 */

import { withConstants } from '../object/constants.ts'
import { fromElf } from '../object/from-elf.ts'
import type { BpfObject } from '../object/object.ts'
import type { BackendKind, ObjectBackend } from './backend.ts'
import { encodeConstants } from './globals-handle.ts'
import { createHandles, type ObjectMeta } from './object-handle.ts'
import type { BpfModule, LoadedObject, LoadOptions, ModuleShape } from './types.ts'

/** What the generated JavaScript passes. */
export interface ModuleMeta extends ObjectMeta {
  readonly elf: Uint8Array
  readonly structs: Readonly<Record<string, unknown>>
  readonly constants: Readonly<Record<string, unknown>>
}

export interface Backends {
  readonly kernel?: ((object: BpfObject) => ObjectBackend) | undefined
  /** For `auto`; absent: the kernel counts as usable when `kernel` is there. */
  readonly kernelUsable?: ((object: BpfObject) => { readonly ok: boolean; readonly reason?: string }) | undefined
  readonly vm?: ((object: BpfObject) => ObjectBackend) | undefined
  /** Environment variables, where there are any. */
  readonly env?: ((name: string) => string | undefined) | undefined
}

/** Decides the backend when `load` was not told one. */
export const BACKEND_VARIABLE = 'UNPLUGIN_BPF_BACKEND'

export function defineModule<S extends ModuleShape>(meta: ModuleMeta, backends: Backends): BpfModule<S> {
  let object: BpfObject | undefined
  const module = {
    name: meta.name,
    elf: meta.elf,
    maps: meta.maps,
    programs: meta.programs,
    structs: meta.structs,
    constants: meta.constants,
    load(options: LoadOptions & { readonly constants?: Readonly<Record<string, unknown>> } = {}): LoadedObject<S> {
      // The object is plain data and never changes: read once for all loads.
      object ??= fromElf(meta.elf, meta.name)
      const create = chooseBackend(object, { name: meta.name, backends, options })
      const constants = encodeConstants(options.constants ?? {}, meta.globals ?? {}, meta.name)
      const backend = create(withConstants(object, constants))
      try {
        return createHandles<S>(backend, meta)
      } catch (error) {
        backend.close()
        throw error
      }
    },
  }
  return module as unknown as BpfModule<S> // keys and types are those of the generated .d.ts
}

interface Choice {
  /** Of the module. */
  readonly name: string
  readonly backends: Backends
  readonly options: LoadOptions
}

function chooseBackend(object: BpfObject, { name, backends, options }: Choice): (object: BpfObject) => ObjectBackend {
  if (typeof options.backend === 'function') return options.backend
  const variable = backends.env?.(BACKEND_VARIABLE)
  const wanted = options.backend ?? checkWanted(variable) ?? 'kernel'
  const kind: BackendKind =
    wanted === 'auto' ? usableBackend(backends, object) : checkWanted(wanted) === 'vm' ? 'vm' : 'kernel'
  const create = backends[kind]
  if (create !== undefined) return create
  if (kind === 'vm') throw new Error(`${name}: the VM is not part of this build`)
  throw new Error(
    `${name}: loading into a kernel needs Node on Linux with @unplugin-bpf/loader, which is not part of this build; ` +
      `run it in the VM with load({ backend: 'vm' })`,
  )
}

function checkWanted(text: string | undefined): BackendKind | 'auto' | undefined {
  if (text === undefined || text === '') return undefined
  if (text === 'kernel' || text === 'vm' || text === 'auto') return text
  throw new TypeError(`unknown backend ${JSON.stringify(text)}: expected kernel, vm or auto`)
}

function usableBackend(backends: Backends, object: BpfObject): BackendKind {
  if (backends.kernel === undefined) return 'vm'
  return backends.kernelUsable === undefined || backends.kernelUsable(object).ok ? 'kernel' : 'vm'
}
