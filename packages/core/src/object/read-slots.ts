/**
 * First entries of maps of maps and prog arrays in ELF: relocations of `.maps` that point behind a definition, each at a
 * map or a program.
 *
 *   .rel.maps  offset 0x58 -> symbol `a`; `outer` is at 0x40, its entries begin 24 bytes further   =>   outer[0] = a
 */
import { MAPS_SECTION, type MapPlace, mapPlaces } from '../btf/maps.ts'
import type { Btf } from '../btf/reader.ts'
import { badObject } from '../bytes/reader.ts'
import type { ElfFile, ElfRelocation } from '../elf/format.ts'
import { STT } from '../elf/format.ts'
import type { MapSpec } from './object.ts'

const POINTER_SIZE = 8

/** The maps with the entries that the file gives them. */
export function readSlots(elf: ElfFile, btf: Btf, maps: readonly MapSpec[]): MapSpec[] {
  const relocations = elf.sections.find((section) => section.name === MAPS_SECTION)?.relocations ?? []
  if (relocations.length === 0) return [...maps]
  const places = mapPlaces(btf)
  const slots = new Map<string, (string | undefined)[]>()
  for (const relocation of relocations) {
    const { map, index } = slotAt(places, maps, relocation)
    const entries = slots.get(map.name) ?? new Array<undefined>(slotCount(places.get(map.name)!)).fill(undefined)
    entries[index] = targetOf(elf, map, relocation)
    slots.set(map.name, entries)
  }
  return maps.map((map) => ({ ...map, ...(slots.has(map.name) && { slots: slots.get(map.name) }) }))
}

const slotCount = ({ size, values }: MapPlace): number => Math.floor((size - values!) / POINTER_SIZE)

function slotAt(places: ReadonlyMap<string, MapPlace>, maps: readonly MapSpec[], { offset }: ElfRelocation) {
  for (const map of maps) {
    const place = places.get(map.name)
    if (!place || offset < place.offset || offset >= place.offset + place.size) continue
    const index = (offset - place.offset - (place.values ?? Number.NaN)) / POINTER_SIZE
    if (Number.isInteger(index) && index >= 0 && index < slotCount(place)) return { map, index }
  }
  throw badObject(`section ${MAPS_SECTION} is corrupt: a relocation at byte ${offset}, where no map has an entry`)
}

function targetOf(elf: ElfFile, map: MapSpec, { symbol }: ElfRelocation): string {
  const target = elf.symbols[symbol]!
  const section = target.section === undefined ? undefined : elf.sections[target.section]
  const isMap = section?.name === MAPS_SECTION && target.type === STT.OBJECT
  const isProgram = target.type === STT.FUNC
  if (map.inner ? isMap : isProgram) return target.name
  const wanted = map.inner ? 'a map' : 'a program'
  throw badObject(`map ${map.name}: its entry ${target.name || '(no name)'} is not ${wanted}`)
}
