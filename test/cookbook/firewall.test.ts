/**
 * The firewall of the cookbook with real sockets: members of a cgroup of the test's own talk to servers in another network
 * namespace. What they get, and what the firewall reports of it.
 */
import { join } from 'node:path'
import { kernelUsable } from '@unplugin-bpf/loader'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createNetns, type Netns, netnsMissing, run } from '../kernel/loader/netns.ts'
import { buildRecipes, CGROUP2, type Cgroup, createCgroup, inNetns, type Process, start, until } from './recipes.ts'

const usable = kernelUsable()
const missing = usable.ok ? (netnsMissing() ?? (CGROUP2 ? undefined : 'no cgroup2 file system')) : usable.reason
const title = missing === undefined ? 'cookbook: firewall' : `cookbook: firewall (skipped: ${missing})`

const SERVER = '10.90.0.2'
const STRANGER = '10.90.0.3'
const NEIGHBOUR = '10.90.0.9' // in 10.90.0.8/29
const script = (name: string) => [process.execPath, join(import.meta.dirname, name)]

describe.skipIf(missing !== undefined)(title, () => {
  let firewall: string
  let netns: Netns
  let cgroup: Cgroup
  const processes: Process[] = []

  async function launch(command: readonly string[], namespace = netns.here): Promise<Process> {
    const process = start(inNetns(namespace, command))
    processes.push(process)
    await process.until((line) => line === 'ready')
    return process
  }
  const protect = (...options: string[]) =>
    launch([process.execPath, firewall, '--cgroup', cgroup.path, '--allow', SERVER, ...options])

  /** What a client gets for its requests, one after the other. */
  async function ask(client: Process, ...requests: string[]): Promise<string[]> {
    const before = client.lines.length
    for (const [i, request] of requests.entries()) {
      client.say(request)
      await until(() => client.lines.length > before + i)
    }
    return client.lines.slice(before)
  }
  const member = () => launch(cgroup.member(script('client.mjs')))
  const events = async (process: Process) =>
    (await process.stop()).filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))

  beforeAll(async () => {
    firewall = (await buildRecipes(['firewall']))('firewall')
    netns = createNetns()
    cgroup = createCgroup()
    for (const address of [STRANGER, NEIGHBOUR]) {
      run('ip', '-n', netns.there, 'address', 'add', `${address}/24`, 'dev', 'veth0')
    }
    await launch(
      [...script('peers.mjs'), 'server', `${SERVER},${STRANGER},${NEIGHBOUR}`, '53', '80', '443', '7000'],
      netns.there,
    )
    await launch([...script('peers.mjs'), 'proxy', '127.0.0.1', '5353', '8080', '8443'])
  })
  const stopAllBut = async (count: number) => {
    for (const process of processes.splice(count)) await process.stop()
  }
  // The two servers stay.
  afterEach(() => stopAllBut(2))
  afterAll(async () => {
    await stopAllBut(0)
    cgroup?.[Symbol.dispose]()
    netns?.[Symbol.dispose]()
  })

  it('lets members reach what is allowed, and nothing else', async () => {
    const guard = await protect('--allow', '10.90.0.8/29')
    const client = await member()
    const requests = ['tcp', 'udp'].flatMap((kind) => [SERVER, NEIGHBOUR, STRANGER].map((to) => `${kind} ${to} 7000`))
    const answers = await ask(client, ...requests, 'udp ::1 7000')
    const ok = 'server 7000'
    expect(answers).toEqual([ok, ok, 'silence', ok, ok, 'EPERM', 'EPERM'])

    const outsider = await launch(script('client.mjs'))
    expect(await ask(outsider, `tcp ${STRANGER} 7000`, `udp ${STRANGER} 7000`)).toEqual([ok, ok])

    const seen = await events(guard)
    const packet = (ip: string, allowed: boolean) => ({
      event: 'packet-ipv4',
      pid: client.pid,
      ip,
      port: 7000,
      allowed,
    })
    // The kernel may have sent the first packet of a refused connection again.
    const refused = seen.filter(({ ip }) => ip === STRANGER)
    expect(refused.length).toBeGreaterThanOrEqual(2)
    for (const event of refused) expect(event).toMatchObject(packet(STRANGER, false))
    for (const to of [SERVER, NEIGHBOUR]) {
      const allowed = seen.filter(({ ip }) => ip === to)
      expect(allowed).toHaveLength(2)
      for (const event of allowed) expect(event).toMatchObject(packet(to, true))
    }
    // connect4 did not see that one, so nobody knows whose it was.
    expect(seen.filter(({ event }) => event === 'packet-ipv6')).toMatchObject([{ pid: 0, allowed: false }])

    // The firewall is gone: nobody is held back.
    expect(await ask(client, `tcp ${STRANGER} 7000`, `udp ${STRANGER} 7000`)).toEqual([ok, ok])
  })

  it('sends DNS, HTTP and HTTPS to the proxies and remembers the targets', async () => {
    const guard = await protect('--dns-proxy', '5353', '--http-proxy', '8080', '--https-proxy', '8443')
    const client = await member()
    const answers = await ask(client, `tcp ${STRANGER} 80`, `tcp ${NEIGHBOUR} 443`, `udp ${STRANGER} 53`)
    expect(answers).toEqual(['proxy 8080', 'proxy 8443', 'proxy 5353'])

    const seen = await events(guard)
    const common = { pid: client.pid, allowed: true, ip: '127.0.0.1' }
    expect(seen).toMatchObject([
      { event: 'http-redirect', ...common, port: 80, original: STRANGER },
      { event: 'packet-ipv4', ...common, port: 8080, original: STRANGER },
      { event: 'https-redirect', ...common, port: 443, original: NEIGHBOUR },
      { event: 'packet-ipv4', ...common, port: 8443, original: NEIGHBOUR },
      { event: 'dns-redirect', ...common, port: 53, original: STRANGER },
      { event: 'packet-dns', ...common, port: 5353, original: STRANGER, dnsTxid: 0x1234 },
    ])
  })

  it('lets the process of the proxies connect anywhere', async () => {
    const proxy = await member()
    const other = await member()
    await protect('--proxy-pid', String(proxy.pid), '--http-proxy', '8080')
    expect(await ask(proxy, `tcp ${STRANGER} 7000`, `tcp ${STRANGER} 80`)).toEqual(['server 7000', 'server 80'])
    expect(await ask(other, `udp ${STRANGER} 7000`, `tcp ${STRANGER} 80`)).toEqual(['EPERM', 'proxy 8080'])
  })

  it('only reports with --log-only', async () => {
    const guard = await protect('--log-only')
    const client = await member()
    expect(await ask(client, `udp ${STRANGER} 7000`)).toEqual(['server 7000'])
    expect(await events(guard)).toMatchObject([{ pid: client.pid, ip: STRANGER, port: 7000, allowed: false }])
  })
})
