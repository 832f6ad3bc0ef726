/**
 * How long attachments live: processes that end by themselves, by SIGINT and by SIGKILL, one after another in the same
 * network and mount namespace, which a shell keeps open.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { kernelUsable } from '@unplugin-bpf/loader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleScripts } from '../../support/bundle.ts'
import { netnsMissing } from '../loader/netns.ts'

const usable = kernelUsable()
const missing = usable.ok ? netnsMissing() : usable.reason

describe.skipIf(missing !== undefined)(`lifetimes${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let keeper: ChildProcess
  let script: string
  const inside = (...command: string[]) => ['--target', String(keeper.pid), '--net', '--mount', ...command]
  const run = (...command: string[]) => execFileSync('nsenter', inside(...command), { encoding: 'utf8' })
  const attached = () => run('ip', '-d', 'link', 'show', 'veth0').includes('xdp')
  const step = (name: string) => {
    const output = run(process.execPath, script, name)
    return output === '' ? undefined : JSON.parse(output.trim().split('\n').at(-1)!)
  }
  /** A process that holds an attachment, until the signal. */
  async function holdAndKill(signal: NodeJS.Signals, ...args: string[]) {
    const child = spawn('nsenter', inside(process.execPath, script, 'hold', ...args), {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(child.stdout!, 'data')
    expect(attached()).toBe(true)
    const { id, pid } = JSON.parse(String(line)) as { id: number; pid: number }
    const ended = once(child, 'exit')
    process.kill(pid, signal)
    await ended
    return id
  }

  beforeAll(async () => {
    script = bundleScripts({ lifetime: join(import.meta.dirname, 'lifetime-script.ts') }).lifetime
    keeper = spawn('unshare', ['--net', '--mount', 'sh', '-c', 'echo ready; exec sleep 600'])
    await once(keeper.stdout!, 'data')
    step('prepare')
  })
  afterAll(() => void keeper?.kill())

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('%s leaves nothing attached', async (signal) => {
    await holdAndKill(signal)
    await expect.poll(attached, { interval: 50, timeout: 5000 }).toBe(false)
  })

  it('a pinned link outlives SIGKILL; the next run fails, adopts it or replaces it', async () => {
    const id = await holdAndKill('SIGKILL', 'pinned')
    expect(attached()).toBe(true)
    expect(step('fail')).toEqual({
      exists: expect.stringMatching(/EEXIST\n.*earlier run is pinned there; onExisting: 'adopt'/),
      otherKind: expect.stringMatching(/is a link of type xdp, and raw_tp\/sys_enter programs have raw_tracepoint/),
      otherInterface: expect.stringMatching(/is a link to the interface with index \d+/),
    })
    expect(step('adopt')).toMatchObject({ counted: 3, kind: 'xdp', pinned: '/mnt/link', info: { id, type: 'xdp' } })
    const replaced = step('replace')
    expect(replaced).toMatchObject({ counted: 3, pinned: '/mnt/link' })
    expect(replaced.info.id).not.toBe(id)
    expect(step('detach')).toMatchObject({ afterClose: true, afterDetach: false, attached: false })
  })

  it('a link takes another program at once', () => {
    expect(step('update')).toEqual({
      results: [
        [3, 3],
        [3, 3],
      ],
      left: false,
    })
  })

  it('an interface that goes while attached is no error; its pin is adopted', () => {
    const { ifindex, updated, after } = step('gone')
    expect(ifindex).toBe(0)
    expect(updated).toMatch(/ENOLINK\n.*has gone/)
    expect(after).toMatchObject({ counted: 3 })
  })
})
