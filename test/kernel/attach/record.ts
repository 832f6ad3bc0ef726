/**
 * Outcomes of the attach cases by kernel, kept for the reference (`npm run docs`). Written only when asked for, since the
 * kernels of other machines differ: UNPLUGIN_BPF_RECORD=1 npm test -- test/kernel/attach, and the same with test:vm.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Outcome } from './expected.ts'

export const RECORDED = fileURLToPath(new URL('recorded.json', import.meta.url))

/** By kernel series (`6.12`), then by case. */
export type Recorded = Readonly<Record<string, Readonly<Record<string, string>>>>

export function recordOutcomes(kernel: string, outcomes: Readonly<Record<string, Outcome>>): void {
  if (!process.env.UNPLUGIN_BPF_RECORD) return
  const series = kernel.split('.').slice(0, 2).join('.')
  const recorded: Recorded = existsSync(RECORDED) ? JSON.parse(readFileSync(RECORDED, 'utf8')) : {}
  const texts = Object.entries(outcomes).map(([name, outcome]) => [name, describeOutcome(outcome)])
  const next = { ...recorded, [series]: { ...recorded[series], ...Object.fromEntries(texts) } }
  writeFileSync(RECORDED, `${JSON.stringify(next, null, 2)}\n`)
}

function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'counted':
      return 'counted'
    case 'tooOld':
      return `needs ${outcome.since}`
    case 'absent':
      return outcome.reason.includes('EPERM') ? 'refused by the platform' : 'not built in'
    case 'wrong':
      return 'fails'
  }
}
