/** Writes the closing line of a run, `N passed, N failed, N skipped`, to the file that UNPLUGIN_BPF_TEST_SUMMARY names. */
import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env.UNPLUGIN_BPF_TEST_SUMMARY
    if (!file) return
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      for (const test of tests) {
        const state = test.result().state
        if (state !== 'pending') counts[state]++
      }
      // A file that fails to load has no tests but is a failure all the same.
      if (tests.length === 0 && module.state() === 'failed') counts.failed++
    }
    writeFileSync(file, `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
  }
}
