/** Slot counts are a budget: they may fall silently, and rise only together with a new figure in counts.json. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { measureSlots } from './slots.ts'

const budget: Record<string, number> = JSON.parse(readFileSync(join(import.meta.dirname, 'counts.json'), 'utf8'))

it.each(measureSlots())('$name stays within its budget', ({ name, ours }) => {
  expect(ours).toBeLessThanOrEqual(budget[name]!)
})
