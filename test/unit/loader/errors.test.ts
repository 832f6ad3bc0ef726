/** Explanations of failures, for machines that are not at hand. */
import { describe, expect, it } from 'vitest'
import { explainFailure } from '../../../packages/loader/src/errors.ts'
import { ERRNO, errnoName } from '../../../packages/loader/src/sys/errno.ts'
import { atLeast, missingCapabilities, type SystemState } from '../../../packages/loader/src/system-state.ts'

const ROOT: SystemState = {
  capabilities: 0x1ff_ffff_ffffn,
  release: '6.18.4-generic',
  lockdown: 'none',
  unprivilegedDisabled: 2,
  seccomp: false,
  userNamespace: false,
}
const NET_ADMIN = 1n << 12n
const SYS_ADMIN = 1n << 21n
const BPF = 1n << 39n

const explain = (errno: number, state: Partial<SystemState>, context = {}) =>
  explainFailure(errno, context, { ...ROOT, ...state })

describe('explainFailure', () => {
  it('names the missing capability and the command', () => {
    const text = explain(ERRNO.EPERM, { capabilities: BPF }, { needs: ['BPF', 'NET_ADMIN'] })!
    expect(text).toMatch(/^the process lacks CAP_NET_ADMIN\n/)
    expect(text).toContain(`sudo setcap cap_bpf,cap_net_admin+ep ${process.execPath}`)
    expect(text).toContain('--cap-add CAP_NET_ADMIN')
  })

  it('mentions that unprivileged BPF is switched off', () => {
    expect(explain(ERRNO.EPERM, { capabilities: 0n })).toContain('CAP_BPF (kernel.unprivileged_bpf_disabled is set')
    expect(explain(ERRNO.EPERM, { capabilities: 0n, unprivilegedDisabled: 0 })).not.toContain('unprivileged')
  })

  it.each([
    [{ release: '5.4.0-1' }, /RLIMIT_MEMLOCK \(this is 5\.4\.0-1\): ulimit -l unlimited/],
    [{ lockdown: 'integrity' }, /locked down \(integrity/],
    [{ userNamespace: true }, /user namespace/],
    [{ seccomp: true }, /seccomp filter/],
  ])('with all capabilities: %o', (state, pattern) => {
    expect(explain(ERRNO.EPERM, state)).toMatch(pattern)
  })

  it('says nothing when it knows nothing', () => {
    expect(explain(ERRNO.EPERM, {})).toBeUndefined()
    expect(explain(ERRNO.EINVAL, {})).toBeUndefined()
  })

  it('names the kernel that a feature needs, and lets the caller explain first', () => {
    expect(explain(ERRNO.EINVAL, { release: '5.4.0' }, { since: '5.8' })).toBe(
      'this needs Linux 5.8, and this is 5.4.0',
    )
    expect(explain(ERRNO.EINVAL, {}, { since: '5.8', causes: { EINVAL: 'because' } })).toBe('because')
  })
})

it('capabilities: SYS_ADMIN stands for BPF and PERFMON, not for NET_ADMIN', () => {
  const needs = ['BPF', 'PERFMON', 'NET_ADMIN'] as const
  const missing = (capabilities: bigint | undefined) => missingCapabilities({ ...ROOT, capabilities }, needs)
  expect(missing(SYS_ADMIN)).toEqual(['NET_ADMIN'])
  expect(missing(BPF | NET_ADMIN)).toEqual(['PERFMON'])
  expect(missing(undefined)).toEqual([])
})

it('kernel versions compare as numbers', () => {
  expect(atLeast('6.10.1', '6.6')).toBe(true)
  expect(atLeast('5.11.0-rc1', '5.11')).toBe(true)
  expect(atLeast('5.4.0', '5.11')).toBe(false)
})

it('errno names', () => {
  expect([1, 11, 524, 9999].map(errnoName)).toEqual(['EPERM', 'EAGAIN', 'ENOTSUPP', 'errno 9999'])
})
