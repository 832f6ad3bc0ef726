/** Every way of attaching on this kernel, in namespaces and a cgroup of the test's own: a counter moves, and stops. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { kernelUsable } from '@unplugin-bpf/loader'
import { beforeAll, describe, expect, it } from 'vitest'
import { bundleScripts } from '../../support/bundle.ts'
import { netnsMissing } from '../loader/netns.ts'
import { CASES } from './cases.ts'
import { outcomeOf } from './expected.ts'
import { recordOutcomes } from './record.ts'
import type { CasesReport } from './run-cases.ts'

const usable = kernelUsable()
const missing = usable.ok ? netnsMissing() : usable.reason

describe.skipIf(missing !== undefined)(`attaching${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let report: CasesReport
  beforeAll(() => {
    const script = bundleScripts({ cases: join(import.meta.dirname, 'run-cases.ts') }).cases
    const output = execFileSync('unshare', ['--net', '--mount', process.execPath, script], { encoding: 'utf8' })
    report = JSON.parse(output.trim().split('\n').at(-1)!)
  })

  it.for(CASES)('$name', (test, context) => {
    const outcome = outcomeOf(test, report.cases.find(({ name }) => name === test.name)!, report.kernel)
    recordOutcomes(report.kernel, { [test.name]: outcome })
    if (outcome.kind === 'absent') context.skip(outcome.reason)
    expect(['counted', 'tooOld'], JSON.stringify(outcome)).toContain(outcome.kind)
  })
})
