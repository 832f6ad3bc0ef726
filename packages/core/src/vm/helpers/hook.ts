/** Helpers that ask a hook before they run, so that tests can make one fail without the condition that would. */
import { type HelperName, helperById } from '../../tables/helpers/index.ts'
import type { VmHelper } from '../machine.ts'

export interface HelperCall {
  readonly name: HelperName
  /** ELF name of the map among the arguments; undefined for helpers without one. */
  readonly map: string | undefined
  /** Copy of the key behind the map argument, for the helpers that take one. */
  key(): Uint8Array | undefined
}

/** What the helper gives back instead of running (a negative errno; 0 is null where it returns a pointer), or undefined. */
export type HelperHook = (call: HelperCall) => number | undefined

export function hookedHelpers(
  helpers: ReadonlyMap<number, VmHelper>,
  hook: HelperHook | undefined,
): ReadonlyMap<number, VmHelper> {
  if (hook === undefined) return helpers
  return new Map([...helpers].map(([id, helper]) => [id, hooked(helperById(id)!, helper, hook)]))
}

function hooked(name: HelperName, helper: VmHelper, hook: HelperHook): VmHelper {
  return (m) => {
    // The map is the first or, behind a context, the second argument.
    const map = m.mapsByPointer.get(m.hi[1]!) ?? m.mapsByPointer.get(m.hi[2]!)
    const forced = hook({
      name,
      map: map?.spec.name,
      key: () => (map !== undefined && KEYED.has(name) ? m.bytes(2, map.spec.keySize, 'read').slice() : undefined),
    })
    if (forced === undefined) helper(m)
    else m.result(forced)
  }
}

/** Their arguments are a map and a key in memory. */
const KEYED: ReadonlySet<HelperName> = new Set([
  'map_lookup_elem',
  'map_lookup_percpu_elem',
  'map_update_elem',
  'map_delete_elem',
])
