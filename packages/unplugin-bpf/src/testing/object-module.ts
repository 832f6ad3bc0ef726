/** A module for an object that no plugin compiled: names in camelCase, bytes where no type is known. */
import { type BpfObject, fromElf, toCamelName } from '@unplugin-bpf/core/object'
import {
  type BpfModule,
  createHandles,
  type LoadedObject,
  type ObjectBackend,
  type ObjectMeta,
} from '@unplugin-bpf/core/runtime'
import type { LooseShape } from './types.ts'

/** What `simulate` needs of a module. */
export interface Loadable<S extends LooseShape> {
  readonly name: string
  load(backend: (object: BpfObject) => ObjectBackend): LoadedObject<S>
}

export function isModule(source: unknown): source is BpfModule {
  return typeof source === 'object' && source !== null && 'elf' in source && 'load' in source
}

/** `known`: names and types, where a source says them. */
export function objectModule(
  source: BpfObject | Uint8Array,
  name = 'object',
  known?: ObjectMeta,
): Loadable<LooseShape> {
  const object = source instanceof Uint8Array ? fromElf(source, name) : source
  const keyed = <T extends { readonly name: string }>(items: readonly T[]) =>
    Object.fromEntries(items.map((item) => [toCamelName(item.name), item]))
  const meta = known ?? {
    name,
    maps: keyed(object.maps.filter((map) => !map.data).map((map) => ({ name: map.name, kind: map.type }))),
    programs: keyed(object.programs),
  }
  return {
    name,
    load(create) {
      const backend = create(object)
      try {
        return createHandles<LooseShape>(backend, meta)
      } catch (error) {
        backend.close()
        throw error
      }
    },
  }
}
