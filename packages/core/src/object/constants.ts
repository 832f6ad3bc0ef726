/** An object whose constants (`.rodata`) have other values; it is plain data, so that every backend loads it alike. */
import type { BpfObject, MapSpec } from './object.ts'

export interface ConstantValue {
  /** ELF name of the variable. */
  readonly name: string
  readonly bytes: Uint8Array
}

export function withConstants(object: BpfObject, values: readonly ConstantValue[]): BpfObject {
  if (values.length === 0) return object
  const contents = new Map<string, Uint8Array>()
  for (const { name, bytes } of values) {
    const variable = object.variables?.find((each) => each.name === name)
    const map = variable && object.maps.find((each) => each.name === variable.map)
    if (!variable || !map?.data?.frozen) throw new TypeError(`the object has no constant ${name}`)
    if (bytes.length !== variable.size)
      throw new RangeError(`constant ${name} has ${variable.size} bytes; ${bytes.length} were given`)
    const content = contents.get(map.name) ?? map.data.content.slice()
    content.set(bytes, variable.offset)
    contents.set(map.name, content)
  }
  const filled = (map: MapSpec): MapSpec => {
    const content = contents.get(map.name)
    return content && map.data ? { ...map, data: { ...map.data, content } } : map
  }
  return { ...object, maps: object.maps.map(filled) }
}
