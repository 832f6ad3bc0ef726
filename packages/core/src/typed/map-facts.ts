/** Small facts about a map declaration that inference, checking and lowering share. */
import type { MapDecl } from '../forms/module.ts'
import type { MapOperand } from '../forms/node.ts'
import { MAP_TYPES, type MapTypeRow } from '../tables/map-types.ts'
import { bitsOfSize, type IntType } from '../types/types.ts'

export function mapRow(map: MapDecl): MapTypeRow {
  return MAP_TYPES[map.type]
}

/** Type of a value that `mapGet` loads; undefined when it gives the pointer (structs, arrays, other sizes). */
export function scalarValueType(map: MapDecl): IntType | undefined {
  if (map.inner) return undefined
  if (map.valueType) return map.valueType.kind === 'int' ? map.valueType : undefined
  const bits = bitsOfSize(map.valueSize)
  return bits && { kind: 'int', bits, signed: false }
}

/** Type in which a scalar key is stored. */
export function scalarKeyType(map: MapDecl): IntType | undefined {
  if (map.keyType?.kind === 'int') return map.keyType
  const bits = bitsOfSize(map.keySize)
  return bits && { kind: 'int', bits, signed: false }
}

/**
 * Is this element always at one address known to the loader? True for key 0 of a one-entry array: `array_map_direct_value_addr`
 * (kernel/bpf/arraymap.c, 6.18) gives out an address only when max_entries is 1. Such an element needs no lookup and is never null.
 */
export function isDirectElement(map: MapDecl, key: MapOperand): boolean {
  return (
    map.type === 'array' &&
    map.maxEntries === 1 &&
    key.kind === 'scalar' &&
    key.value.kind === 'const' &&
    BigInt.asUintN(map.keySize * 8, key.value.value) === 0n
  )
}
