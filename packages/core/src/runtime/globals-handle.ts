/**
 * Global variables as properties: `obj.globals.hits` reads, `obj.globals.hits = 0n` writes. The memory is that of the
 * running programs, so that neither needs a system call; constants can be read only.
 */
import type { BpfObject, VariableSpec } from '../object/object.ts'
import type { MapBackend, ObjectBackend } from './backend.ts'
import type { Codec } from './codec.ts'
import { bytesCodec, ClosedError, INSPECT, type Inspect, type ObjectState } from './handle.ts'
import { nearName } from './near.ts'

/** What a generated module knows of a global variable. */
export interface GlobalMeta {
  /** ELF name. */
  readonly name: string
  /** Absent: raw bytes. */
  // biome-ignore lint/suspicious/noExplicitAny: the types are in the generated .d.ts
  readonly value?: Codec<any> | undefined
}

export type GlobalsMeta = Readonly<Record<string, GlobalMeta>>

export function createGlobals(backend: ObjectBackend, metas: GlobalsMeta, state: ObjectState): object {
  const globals = {}
  for (const [key, meta] of Object.entries(metas)) {
    const variable = variableNamed(backend.object, meta.name, state.name)
    const map = backend.maps.get(variable.map)
    if (!map) throw new TypeError(`${state.name}: there is no section ${variable.map}`)
    Object.defineProperty(globals, key, accessorOf(map, { variable, meta, state, key }))
  }
  // Accessors would be shown as [Getter/Setter].
  const inspect = (_depth: number, options: unknown, show: Inspect) =>
    state.closed ? 'Globals <closed>' : `Globals ${show({ ...globals }, options)}`
  Object.defineProperty(globals, INSPECT, { value: inspect })
  return Object.freeze(globals)
}

interface Variable {
  readonly variable: VariableSpec
  readonly meta: GlobalMeta
  readonly state: ObjectState
  readonly key: string
}

function accessorOf(map: MapBackend, { variable, meta, state, key }: Variable): PropertyDescriptor {
  const codec = meta.value ?? bytesCodec(variable.size, meta.name)
  if (codec.size !== variable.size)
    throw new TypeError(
      `${state.name}: ${meta.name} has ${variable.size} bytes, its type ${codec.size}; build the module again`,
    )
  const memory = () => {
    if (state.closed) throw new ClosedError(`${state.name}: global ${key}: the object is closed`)
    return map.memory!()
  }
  const get = () => codec.decode(memory(), variable.offset)
  if (map.spec.data?.frozen) return { enumerable: true, get }
  const set = (value: unknown) => {
    // Encoded first: a value of the wrong type must not leave half of it in the programs' memory.
    const bytes = codec.encode(value)
    memory().set(bytes, variable.offset)
  }
  return { enumerable: true, get, set }
}

/** Bytes of the constants that `load` was given, by ELF name. */
export function encodeConstants(
  constants: Readonly<Record<string, unknown>>,
  metas: GlobalsMeta,
  module: string,
): { name: string; bytes: Uint8Array }[] {
  return Object.entries(constants).flatMap(([key, value]) => {
    if (value === undefined) return []
    const meta = Object.hasOwn(metas, key) ? metas[key] : undefined
    if (!meta) {
      const near = nearName(key, Object.keys(metas))
      throw new TypeError(`${module} has no constant ${key}${near === undefined ? '' : `; did you mean ${near}?`}`)
    }
    const bytes = meta.value ? meta.value.encode(value) : new Uint8Array(value as Uint8Array)
    return [{ name: meta.name, bytes }]
  })
}

function variableNamed(object: BpfObject, name: string, module: string): VariableSpec {
  const found = object.variables?.find((variable) => variable.name === name)
  if (!found) throw new TypeError(`${module}: the object has no variable ${name}; build the module again`)
  return found
}
