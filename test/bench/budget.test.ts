/** Slot counts are a budget: they may fall silently, and rise only together with a new figure and its reason in counts.json. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KINDRED, measureSlots, PROGRAMS } from './slots.ts'

interface Counts {
  readonly budget: Readonly<Record<string, number>>
  readonly least: Readonly<Record<string, number>>
  readonly reasons: Readonly<Record<string, string>>
}

const { budget, least, reasons }: Counts = JSON.parse(readFileSync(join(import.meta.dirname, 'counts.json'), 'utf8'))
const names = [...PROGRAMS, ...KINDRED]

describe.each(measureSlots(names))('$name', ({ name, ours, clang }) => {
  it('stays within its budget', () => expect(ours).toBeLessThanOrEqual(budget[name]!))
  it('is not larger than what clang makes of it', () => expect(ours).toBeLessThanOrEqual(clang))
})

it('has a budget for every program, and a reason for each that rose', () => {
  expect(Object.keys(budget).sort()).toEqual([...names].sort())
  expect(Object.keys(least).sort()).toEqual([...names].sort())
  for (const name of names) {
    if (budget[name]! > least[name]!) expect(reasons[name], `${name} rose above ${least[name]}`).toMatch(/\w{3}/)
  }
})
