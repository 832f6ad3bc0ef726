/**
 * First entries of maps of maps and prog arrays, as the object declares them; libbpf does the same when it loads
 * (init_map_in_map_slots, init_prog_array_slots). The keys are 0, 1, 2 ..., for hash kinds too.
 */
import { badObject } from '../bytes/reader.ts'
import type { MapBackend, ObjectBackend } from './backend.ts'

/** `maps`: those to fill; a pinned map that was there already keeps what it holds. */
export function fillSlots(maps: Iterable<MapBackend>, object: Pick<ObjectBackend, 'maps' | 'programs'>): void {
  for (const map of maps) {
    for (const [index, name] of (map.spec.slots ?? []).entries())
      if (name !== undefined) fillSlot(map, index, name, object)
  }
}

function fillSlot(map: MapBackend, index: number, name: string, object: Parameters<typeof fillSlots>[1]): void {
  const { spec } = map
  const entry = spec.inner ? object.maps.get(name) : undefined
  if (entry && map.setInner) {
    const key = new Uint8Array(spec.keySize)
    new DataView(key.buffer).setUint32(0, index, true)
    map.setInner(key, entry)
    return
  }
  const program = spec.inner ? undefined : object.programs.get(name)
  if (!program || !map.setProgram)
    throw badObject(`map ${spec.name} begins with ${name}, which the object does not have`)
  map.setProgram(index, program)
}
