/** A process without capabilities gets an explanation, and `kernelUsable` gives it as the reason. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { kernelUsable } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'
import { nodeCommand } from './netns.ts'

const usable = kernelUsable()
const root = process.platform === 'linux' && process.getuid?.() === 0
const title = usable.ok && root ? 'without privilege' : 'without privilege (skipped: needs root, to give it up)'
const script = fileURLToPath(new URL('unprivileged-script.ts', import.meta.url))

describe.skipIf(!usable.ok || !root)(title, () => {
  it('the error names the capability and the command', () => {
    // Capabilities alone, not the user: another one may not be able to read this folder.
    const drop = ['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs']
    const [node, ...args] = nodeCommand(script)
    const result = spawnSync('setpriv', [...drop, node!, ...args], { encoding: 'utf8' })
    expect(result.stderr).toBe('')
    const { error, reason } = JSON.parse(result.stdout.trim().split('\n').at(-1)!)
    expect(error.name).toBe('SyscallError')
    expect(error.code).toBe('EPERM')
    expect(error.message).toMatch(/^cannot create map "counts": EPERM\n {2}the process lacks CAP_BPF and CAP_NET_ADMIN/)
    expect(error.message).toMatch(/run it as root, or allow Node to: sudo setcap cap_bpf,cap_net_admin\+ep/)
    expect(reason).toMatch(/the process lacks CAP_BPF/)
  })
})
