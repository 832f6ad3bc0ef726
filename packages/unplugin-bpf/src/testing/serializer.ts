/** Snapshot serializer (pretty-format) for runs and for the content of maps. */
import { printMaps, printRun } from './print.ts'
import { isMapsSnapshot } from './seed.ts'
import type { LooseShape, SimulatedRun } from './types.ts'

export const runSerializer = {
  test: (value: unknown): boolean => isRun(value) || isMapsSnapshot(value),
  serialize: (value: unknown): string => (isMapsSnapshot(value) ? printMaps(value) : printRun(value as Run)),
}

type Run = SimulatedRun<LooseShape>

function isRun(value: unknown): value is Run {
  if (typeof value !== 'object' || value === null) return false
  return ['retval', 'code', 'packet', 'events', 'trace', 'printed'].every((key) => Object.hasOwn(value, key))
}
