/** Every way of attaching on this kernel, in namespaces and a cgroup of the test's own: a counter moves, and stops. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { kernelUsable } from '@unplugin-bpf/loader'
import { beforeAll, describe, expect, it } from 'vitest'
import { netnsMissing, nodeCommand } from '../loader/netns.ts'
import { CASES } from './cases.ts'
import { outcomeOf } from './expected.ts'
import type { CasesReport } from './run-cases.ts'

const usable = kernelUsable()
const missing = usable.ok ? netnsMissing() : usable.reason
const script = fileURLToPath(new URL('run-cases.ts', import.meta.url))

describe.skipIf(missing !== undefined)(`attaching${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let report: CasesReport
  beforeAll(() => {
    const output = execFileSync('unshare', ['--net', '--mount', ...nodeCommand(script)], { encoding: 'utf8' })
    report = JSON.parse(output.trim().split('\n').at(-1)!)
  })

  it.for(CASES)('$name', (test, context) => {
    const outcome = outcomeOf(test, report.cases.find(({ name }) => name === test.name)!, report.kernel)
    if (outcome.kind === 'absent') context.skip(outcome.reason)
    expect(['counted', 'tooOld'], JSON.stringify(outcome)).toContain(outcome.kind)
  })
})
