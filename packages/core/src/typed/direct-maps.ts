/**
 * Maps whose only element all programs address directly (BPF_PSEUDO_MAP_VALUE) instead of looking it up.
 *
 *   in:  the types of all programs of a module, its maps
 *   out: one-entry arrays of which every use, in every program, has the constant key 0 and can do without a call; none
 *        that a map of maps holds
 *
 * All or nothing, because ELF can refer to a map in one way only: libbpf resolves a reference to a map in `.maps` to its
 * descriptor, and to one in a data section to an address.
 */
import type { MapDecl } from '../forms/module.ts'
import type { Form, FormOf } from '../forms/node.ts'
import { isDirectElement, scalarValueType } from './map-facts.ts'
import type { Typing } from './typing.ts'

export function directMaps(typings: Iterable<Typing>, maps: readonly MapDecl[]): ReadonlySet<MapDecl> {
  const direct = new Set<MapDecl>()
  const other = new Set<MapDecl>()
  for (const { forms } of typings) {
    for (const form of forms.keys()) {
      const map = mapOf(form)
      if (map) (usesElement(form) ? direct : other).add(map)
    }
  }
  for (const map of other) direct.delete(map)
  const held = new Set(maps.flatMap(({ inner, slots = [] }) => (inner ? slots : [])))
  return new Set([...direct].filter(({ name }) => !held.has(name)))
}

function mapOf(form: Form): MapDecl | undefined {
  switch (form.kind) {
    case 'mapRef':
    case 'tailCall':
      return form.map
    case 'mapLookup':
    case 'mapGet':
    case 'mapUpdate':
    case 'mapDelete':
    case 'mapAdd':
      return form.via ? undefined : form.map
    default:
      return undefined
  }
}

function usesElement(form: Form): boolean {
  switch (form.kind) {
    case 'mapLookup':
    case 'mapGet':
    case 'mapAdd':
      return isDirectMap(form.map) && isDirectElement(form.map, form.key)
    case 'mapUpdate':
      return isDirectMap(form.map) && isDirectElement(form.map, form.key) && isPlainStore(form)
    default:
      return false
  }
}

/** A data section says nothing of flags and pinning. */
const isDirectMap = (map: MapDecl): boolean => map.flags === 0 && map.pinning === undefined

/** BPF_ANY and BPF_EXIST always succeed for an element of an array: a store of the scalar does the same. */
function isPlainStore({ map, value, flags }: FormOf<'mapUpdate'>): boolean {
  const always = flags.kind === 'const' && (flags.value === 0n || flags.value === 2n)
  return always && value.kind === 'scalar' && scalarValueType(map) !== undefined
}
