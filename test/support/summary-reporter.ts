/**
 * Ends a run with what was skipped and why, one line per reason, since the default reporter hides the titles of skipped
 * tests; and writes `N passed, N failed, N skipped` to the file that UNPLUGIN_BPF_TEST_SUMMARY names.
 */
import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    const reasons = new Map<string, number>()
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      for (const test of tests) {
        const state = test.result().state
        if (state !== 'pending') counts[state]++
        if (state !== 'skipped') continue
        const reason = reasonOf(test)
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      }
      // A file that fails to load has no tests but is a failure all the same.
      if (tests.length === 0 && module.state() === 'failed') counts.failed++
    }
    const lines = [...reasons].sort((a, b) => b[1] - a[1]).map(([reason, n]) => `  ${n} skipped: ${reason}`)
    if (lines.length > 0) console.log(`${lines.join('\n')}\n`)
    const file = process.env.UNPLUGIN_BPF_TEST_SUMMARY
    if (!file) return
    writeFileSync(file, `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
  }
}

/** The reason stands in the title of the test or of a group around it: `... (skipped: why)`. */
function reasonOf(test: TestCase): string {
  const reason = /\(skipped: ([\s\S]*)\)/.exec(test.fullName)?.[1]
  // What a test found out while it ran: ctx.skip(reason).
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  // An explanation of several lines begins with the fact; a title may follow a group's reason.
  return reason?.split('\n')[0]?.split(') > ')[0] ?? note ?? `no reason in the title: ${test.fullName}`
}
