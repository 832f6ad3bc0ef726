/** What has to be changed so that observations of one scenario can be compared. */
import type { BpfObject } from '../../packages/core/src/object/object.ts'
import type { Observation } from './differential.ts'
import type { NamedScenario } from './scenarios.ts'

/**
 * PROG_TEST_RUN knows no tracepoints, but takes the same instructions as a syscall program with the record as its
 * context (kernel/bpf/syscall.c, bpf_prog_test_run_syscall).
 */
export function asSyscall(object: BpfObject): BpfObject {
  const programs = object.programs.map((program) => ({
    ...program,
    type: 'syscall',
    section: 'syscall',
    attachType: undefined,
  }))
  return { ...object, programs }
}

/** Times differ between two runs: only which pids wait, and how many delays were counted, can be compared. */
export function normalise(seen: Observation, scenario: NamedScenario): Observation {
  if (scenario.name !== 'runqlat') return seen
  const counted = seen.maps.hist!.reduce((sum, line) => {
    return sum + Buffer.from(line.split('=')[1]!, 'hex').readBigUInt64LE()
  }, 0n)
  return { ...seen, maps: { start: seen.maps.start!.map((line) => line.split('=')[0]!), hist: [String(counted)] } }
}
