/** All helpers, merged. */
import { fx } from '../effects.ts'
import { type HelperRow, helper } from './row.ts'

export const HELPERS = {
  map_lookup_elem: helper({
    args: [
      { kind: 'map', name: 'map' },
      { kind: 'mapKey', name: 'key', map: 0 },
    ],
    ret: { kind: 'mapValueOrNull', map: 0 },
    effects: fx({ reads: ['map', 'stack', 'packet', 'mapValue'] }),
    doc: 'Pointer to the value stored under the key, or null.',
  }),
} as const satisfies Record<string, HelperRow>

export type HelperName = keyof typeof HELPERS
