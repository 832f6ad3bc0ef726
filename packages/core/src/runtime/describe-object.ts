/**
 * What a generated module would say of an object, from the object itself: for `.bpf.o` files that no plugin compiled. Keys
 * and values of maps and global variables have the types of the BTF; without BTF they are bytes.
 */
import { type Btf, readBtf } from '../btf/reader.ts'
import { userType } from '../btf/user-types.ts'
import { fromElf } from '../object/from-elf.ts'
import type { MapSpec } from '../object/object.ts'
import { toCamelName } from '../tables/names.ts'
import { sizeOf } from '../types/layout.ts'
import { type Codec, codecFor } from './codec.ts'
import type { MapMeta } from './create-map-handle.ts'
import type { ModuleMeta } from './define-module.ts'

/** `name` is what messages call the object. Data sections are seen as global variables, not as maps. */
export function describeElf(elf: Uint8Array, name: string): ModuleMeta {
  const object = fromElf(elf, name)
  const btf = object.btf && readBtf(object.btf)
  const maps = object.maps.filter((map) => map.data === undefined)
  const variables = (object.variables ?? []).filter((variable) => !variable.name.includes('.'))
  return {
    name,
    elf,
    maps: keyed(maps, (map) => mapMeta(map, btf)),
    programs: keyed(object.programs, ({ name, section, type }) => ({ name, section, type })),
    globals: keyed(variables, (variable) => ({
      name: variable.name,
      value: codecOf(btf, variable.btfTypeId, variable.size),
    })),
    structs: {},
    constants: {},
  }
}

function mapMeta(map: MapSpec, btf: Btf | undefined): MapMeta {
  return {
    name: map.name,
    kind: map.type,
    key: codecOf(btf, map.btfKeyTypeId, map.keySize),
    // Ring buffers and their like have no values, and nothing says what a record is.
    value:
      map.valueSize === 0 || map.type === 'perf_event_array'
        ? undefined
        : codecOf(btf, map.btfValueTypeId, map.valueSize),
    ...(map.inner && { inner: mapMeta(map.inner, btf) }),
  }
}

/** Undefined: bytes, because there is no type or it is not the map's. */
function codecOf(btf: Btf | undefined, id: number | undefined, size: number): Codec<unknown> | undefined {
  if (btf === undefined || id === undefined || id === 0) return undefined
  const type = userType(btf, id)
  return sizeOf(type) === size ? codecFor(type) : undefined
}

/** By camel case, as in generated modules; by ELF name where two would be one. */
function keyed<T extends { readonly name: string }, M>(items: readonly T[], of: (item: T) => M): Record<string, M> {
  const keys = items.map(({ name }) => toCamelName(name))
  const unique = new Set(keys).size === keys.length
  return Object.fromEntries(items.map((item, i) => [unique ? keys[i]! : item.name, of(item)]))
}
