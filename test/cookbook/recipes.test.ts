/**
 * The smaller recipes of the cookbook at work: on an interface of a network namespace of the test's own, and on a cgroup of
 * its own. (`exec-tracer` needs kprobes: `npm run test:vm`.)
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { kernelUsable } from '@unplugin-bpf/loader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNetns, type Netns, netnsMissing } from '../kernel/loader/netns.ts'
import { buildRecipes, CGROUP2, createCgroup, inNetns, start } from './recipes.ts'

const usable = kernelUsable()
const missing = usable.ok ? (netnsMissing() ?? (CGROUP2 ? undefined : 'no cgroup2 file system')) : usable.reason
const title = missing === undefined ? 'cookbook' : `cookbook (skipped: ${missing})`

describe.skipIf(missing !== undefined)(title, () => {
  let recipe: (name: string) => string
  let netns: Netns
  beforeAll(async () => {
    recipe = await buildRecipes(['event-logger', 'tail-calls', 'cgroup-counter'])
    netns = createNetns()
  })
  afterAll(() => netns?.[Symbol.dispose]())

  /** Lines that a recipe prints while `requests` are sent by the command of a client. */
  async function observe(command: readonly string[], requests: readonly string[], client: readonly string[]) {
    const process = start(command)
    try {
      await process.until((line) => line === 'ready')
      const { status, stderr } = spawnSync(client[0]!, client.slice(1), {
        input: requests.map((request) => `${request}\n`).join(''),
        encoding: 'utf8',
      })
      if (status !== 0) throw new Error(stderr)
    } finally {
      await process.stop()
    }
    return process.lines.filter((line) => line !== 'ready')
  }
  const node = (file: string, ...args: string[]) => [process.execPath, file, ...args]
  const client = node(join(import.meta.dirname, 'client.mjs'))
  const onInterface = (name: string, requests: readonly string[]) =>
    observe(inNetns(netns.here, node(recipe(name), 'veth0')), requests, inNetns(netns.there, client))

  it('event logger: reports what connects to which port', async () => {
    const lines = await onInterface('event-logger', ['tcp 10.90.0.1 8080', 'tcp 10.90.0.1 22', 'udp 10.90.0.1 53'])
    expect(lines).toEqual(['10.90.0.2 -> 10.90.0.1:8080', '10.90.0.2 -> 10.90.0.1:22', '2 sent, 0 dropped'])
  })

  it('tail calls: each protocol is counted by its own program', async () => {
    const lines = await onInterface('tail-calls', ['tcp 10.90.0.1 1', 'udp 10.90.0.1 1', 'udp 10.90.0.1 2'])
    expect(lines.at(-1)).toBe('3 packets: 1 tcp, 2 udp')
  })

  it('cgroup counter: counts what members send, and nobody else', async () => {
    using cgroup = createCgroup()
    const count = async (command: readonly string[]) =>
      (await observe(node(recipe('cgroup-counter'), cgroup.path), ['udp 127.0.0.1 9', 'udp 127.0.0.1 9'], command)).at(
        -1,
      )
    expect(await count(cgroup.member(inNetns(netns.here, client)))).toBe('packets: 2')
    expect(await count(inNetns(netns.here, client))).toBe('packets: 0')
  })
})
