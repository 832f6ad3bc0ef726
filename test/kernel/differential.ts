/**
 * Runs one scenario on any backend and records everything that can be seen from outside: verdicts, packets, maps and
 * ring records. Two backends agree when their observations are equal; kernel and VM offer the same `ObjectBackend`.
 */
import type { ObjectBackend } from '../../packages/core/src/runtime/backend.ts'

export interface Scenario {
  /** ELF name. */
  readonly program: string
  readonly packets: readonly Uint8Array[]
  /** Context bytes instead of packets, one run each. */
  readonly contexts?: readonly Uint8Array[]
  /** Map entries before the first run: map name -> [key, value] bytes. */
  readonly entries?: Readonly<Record<string, readonly (readonly [Uint8Array, Uint8Array])[]>>
}

export interface Observation {
  readonly runs: readonly { readonly retval: number; readonly data: string }[]
  /** Map name -> sorted "key=value" in hex; per-CPU values summed as little-endian u64. */
  readonly maps: Readonly<Record<string, readonly string[]>>
  readonly rings: Readonly<Record<string, readonly string[]>>
}

/** Every run sees what the runs before left in the maps. */
export function observe(backend: ObjectBackend, scenario: Scenario): Observation {
  for (const [name, entries] of Object.entries(scenario.entries ?? {})) {
    const map = backend.maps.get(name)
    if (!map) throw new Error(`no map ${name}`)
    for (const [key, value] of entries) map.update(key, value, 0)
  }
  const program = backend.programs.get(scenario.program)
  if (!program) throw new Error(`no program ${scenario.program}`)
  const inputs = scenario.contexts
    ? scenario.contexts.map((ctx) => ({ ctx }))
    : scenario.packets.map((data) => ({ data }))
  const rings: Record<string, string[]> = {}
  const runs = inputs.map((input) => {
    const { retval, data } = program.run(input)
    // Drained after every run, so that a small ring does not fill up over a long scenario.
    for (const [name, map] of backend.maps) {
      map.ring?.drain((record) => {
        rings[name] ??= []
        rings[name].push(hex(record))
      }, 1_000_000)
    }
    return { retval, data: hex(data) }
  })
  const maps: Record<string, string[]> = {}
  for (const [name, map] of backend.maps) {
    if (map.ring || ['prog_array', 'queue', 'stack'].includes(map.spec.type)) continue
    maps[name] = dump(map)
  }
  return { runs, maps, rings }
}

type Map = NonNullable<ReturnType<ObjectBackend['maps']['get']>>

function dump(map: Map): string[] {
  const lines: string[] = []
  for (let key = map.nextKey(undefined); key; key = map.nextKey(key)) {
    const value = map.lookup(key)
    if (value) lines.push(`${hex(key)}=${map.spec.type.startsWith('percpu') ? sumOfCpus(map, value) : hex(value)}`)
  }
  return lines.sort()
}

function sumOfCpus(map: Map, value: Uint8Array): string {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  const step = Math.ceil(map.spec.valueSize / 8) * 8
  let sum = 0n
  for (let at = 0; at < value.length; at += step) sum += view.getBigUint64(at, true)
  return String(BigInt.asUintN(64, sum))
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
