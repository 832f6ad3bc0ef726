/** Content of maps: written before a test, read after it. */
import type { MapHandle } from '@unplugin-bpf/core/runtime'
import type { MapsSnapshot } from './types.ts'

type Entries = Iterable<readonly [unknown, unknown]>
interface Writable extends MapHandle {
  set(key: unknown, value: unknown): unknown
}

/** `where` names the map in messages. */
export function seedMap(where: string, map: MapHandle, content: unknown): void {
  if (!('set' in map)) throw new TypeError(`${where}: ${map.type} maps cannot be filled from outside`)
  for (const [key, value] of entriesOf(where, map, content)) (map as Writable).set(key, value)
}

function entriesOf(where: string, map: MapHandle, content: unknown): Entries {
  if (typeof content !== 'object' || content === null) {
    throw new TypeError(`${where}: expected entries as a Map, an array or an object, got ${String(content)}`)
  }
  const indexed = map.type === 'array' || map.type === 'percpu_array'
  if (Array.isArray(content) && indexed) return content.map((value, index) => [index, value])
  if (Symbol.iterator in content) return content as Entries
  const numeric = indexed || Object.keys(content).every((key) => /^\d+$/.test(key))
  return Object.entries(content).map(([key, value]) => [numeric ? Number(key) : key, value])
}

/** All maps that have entries, by key; hash maps in the order of their keys' text, so that snapshots are stable. */
export function snapshotMaps(maps: Readonly<Record<string, MapHandle>>): MapsSnapshot {
  const pairs = Object.entries(maps).flatMap(([key, map]) => {
    if (!(Symbol.iterator in map)) return []
    return [[key, snapshotMap(map as MapHandle & Entries)] as const]
  })
  // Not enumerable: comparisons see the entries only.
  return Object.defineProperty(Object.fromEntries(pairs), SNAPSHOT, { value: true })
}

const SNAPSHOT = Symbol.for('unplugin-bpf.maps')

export function isMapsSnapshot(value: unknown): value is MapsSnapshot {
  return typeof value === 'object' && value !== null && SNAPSHOT in value
}

function snapshotMap(map: MapHandle & Entries): unknown {
  const entries = [...map]
  if (map.type === 'array' || map.type === 'percpu_array') return entries.map(([, value]) => value)
  return new Map(
    entries
      .map((entry) => ({ entry, text: keyText(entry[0]) }))
      .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
      .map(({ entry }) => entry),
  )
}

/** Numbers in numeric order, everything else by its JSON. */
function keyText(key: unknown): string {
  if (typeof key === 'number' || typeof key === 'bigint') return String(key).padStart(20, '0')
  return JSON.stringify(key, (_, value) => (typeof value === 'bigint' ? value.toString() : value))
}
