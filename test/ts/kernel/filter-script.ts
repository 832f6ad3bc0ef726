/**
 * Runs inside a namespace: the example of the guide on veth0 and on the exec tracepoint. The peer connects to an open and
 * to a blocked port; prints what arrived and what the maps say. Arguments: the peer's namespace, the compiled module.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { importProgram } from '../import-program.ts'
import type * as Filter from '../types/filter.bpf.ts'

const [peer] = process.argv.slice(2) as [string]
const path = fileURLToPath(new URL('../types/filter.bpf.ts', import.meta.url))
const { default: filter } = await importProgram<typeof Filter>(path)

/** Prints whether a connection comes about. */
const CLIENT = `
const socket = require('net').connect({ host: '10.90.0.1', port: Number(process.argv[1]) })
const end = (word) => { console.log(word); process.exit(0) }
socket.on('connect', () => end('open'))
socket.on('error', () => end('refused'))
setTimeout(() => end('silent'), 700)`
const connect = (port: number): string =>
  execFileSync('ip', ['netns', 'exec', peer, process.execPath, '-e', CLIENT, String(port)], { encoding: 'utf8' }).trim()

const servers = [22, 8080].map((port) => createServer((socket) => socket.destroy()).listen(port, '10.90.0.1'))
await Promise.all(servers.map((server) => once(server, 'listening')))
const obj = filter.load({ backend: 'kernel' })
try {
  const link = obj.programs.dropBlocked.attach({ ifname: 'veth0', mode: 'generic' })
  const during = [connect(8080), connect(22)]
  link.detach()
  const after = connect(22)

  // `ip netns exec` gives this process mounts of its own with a fresh /sys.
  execFileSync('mount', ['-t', 'tracefs', 'tracefs', '/sys/kernel/tracing'])
  const trace = obj.programs.onExec.attach()
  spawnSync('/bin/true', [], { uid: 4242, gid: 4242 })
  spawnSync('/bin/true', [])
  trace.detach()
  const events = obj.maps.events.drain().map(({ comm, raw, ts }) => ({ comm, raw: [...raw], ts: ts > 0n }))

  const flow = obj.maps.flows.get(0x0a5a0002)
  const report = {
    during,
    after,
    blocked: Number(obj.maps.counts.get(22) ?? 0n),
    flow: flow ? { packets: Number(flow.packets), bytes: Number(flow.bytes) } : null,
    events,
  }
  console.log(JSON.stringify(report))
} finally {
  obj.close()
  for (const server of servers) server.close()
}
