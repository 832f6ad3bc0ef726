/** The table row of a map; objects that other compilers wrote may name types that the table does not have. */
import { MAP_TYPES, type MapSpec, type MapTypeName, type MapTypeRow } from '@unplugin-bpf/core/object'

export function mapTypeOf(spec: MapSpec): MapTypeRow {
  const row = (MAP_TYPES as Readonly<Record<string, MapTypeRow>>)[spec.type as MapTypeName]
  if (row === undefined) throw new Error(`map "${spec.name}": the map type ${spec.type} is not supported`)
  return row
}
