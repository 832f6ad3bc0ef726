/** Access rights of context fields, ranges of return values, test runs: the tables against the kernel. */

import { release } from 'node:os'
import { kernelUsable } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'
import { exit, load, mov64Imm, storeReg } from '../../../packages/core/src/bpf/build.ts'
import {
  type ContextField,
  contextRow,
  mayReadField,
  mayWriteField,
} from '../../../packages/core/src/tables/contexts.ts'
import { programTypeRow } from '../../../packages/core/src/tables/program-types.ts'
import { type LoadUser, testRunResult, verify } from '../../support/kernel-load.ts'
import { USERS } from './users.ts'

const usable = kernelUsable()
const known = release().startsWith('6.18.')
const skip = usable.ok ? (known ? undefined : 'the tables are those of Linux 6.18') : usable.reason
const title = (text: string) => (skip === undefined ? text : `${text} (skipped: ${skip})`)

/** Last element of an array: also checks the length. */
const lastOffset = (field: ContextField) => field.offset + ((field.length ?? 1) - 1) * (field.type.bits / 8)

function disagreements(user: LoadUser): string[] {
  const { context, passVerdict } = programTypeRow(user.type)
  if (context === undefined) return []
  return contextRow(context).fields.flatMap((field) => {
    const end = [mov64Imm(0, passVerdict), exit()]
    const reads = verify(user, [load(field.type.bits, 2, 1, lastOffset(field)), ...end])
    const writes = verify(user, [mov64Imm(2, 0), storeReg(field.type.bits, 1, lastOffset(field), 2), ...end])
    return [
      ...(reads.accepted === mayReadField(field, user) ? [] : [`read ${field.name}: ${reads.reason}`]),
      ...(writes.accepted === mayWriteField(field, user) ? [] : [`write ${field.name}: ${writes.reason}`]),
    ]
  })
}

/** Return values that the verifier takes out of -1 .. 5. */
function acceptedReturns(user: LoadUser): number[] {
  return [-1, 0, 1, 2, 3, 4, 5].filter((value) => verify(user, [mov64Imm(0, value), exit()]).accepted)
}

describe.skipIf(skip !== undefined)(title('the verifier agrees with the tables'), () => {
  it.each(USERS)('about context fields of $type $attachType', (user) => {
    expect(disagreements(user)).toEqual([])
  })

  it.each(USERS)('about return values of $type $attachType', (user) => {
    const row = programTypeRow(user.type)
    const section = row.sections.find((s) => s.attachType === user.attachType)
    const [low, high] = section?.returns ?? row.returns ?? [-1, 5]
    expect(acceptedReturns(user)).toEqual([-1, 0, 1, 2, 3, 4, 5].filter((v) => v >= low && v <= high))
  })

  it.each(USERS)('about PROG_TEST_RUN of $type $attachType', (user) => {
    const { passVerdict, testRun: expected } = programTypeRow(user.type)
    const ENOTSUPP = -524
    expect(testRunResult(user, [mov64Imm(0, passVerdict), exit()]) !== ENOTSUPP).toBe(expected)
  })
})
