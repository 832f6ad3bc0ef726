/**
 * Two veth pairs between this network namespace (which the demo has to itself) and the one of a child process that
 * makes the traffic. Both namespaces are nameless: they go away with their processes, however those end.
 *
 *   this process               child (traffic.ts)
 *   wan0 10.77.0.1  <--------> wan1 10.77.0.2     TCP connections: event-logger
 *   lan0 10.77.1.1  <--------> lan1 10.77.1.2     UDP datagrams:   count-xdp
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'

export const PORTS = [22, 80, 443, 5432, 8080]

export interface Traffic {
  /** Resolves after the given seconds of traffic. */
  run(seconds: number): Promise<void>
  close(): void
}

export function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

export async function createNetwork(): Promise<Traffic> {
  ip('link', 'set', 'lo', 'up')
  for (const name of ['wan', 'lan']) ip('link', 'add', `${name}0`, 'type', 'veth', 'peer', 'name', `${name}1`)
  const child = await startChild()
  try {
    for (const name of ['wan1', 'lan1']) ip('link', 'set', name, 'netns', String(child.pid))
    configure('wan0', '10.77.0.1/24')
    configure('lan0', '10.77.1.1/24')
    const closeServers = await listen()
    return {
      async run(seconds) {
        child.send({ seconds })
        await Promise.race([
          once(child, 'message'),
          once(child, 'exit').then(([code]) => {
            throw new Error(`the traffic process ended early with code ${code}`)
          }),
        ])
      },
      close() {
        child.kill()
        closeServers()
      },
    }
  } catch (error) {
    child.kill()
    throw error
  }
}

export function configure(name: string, address: string): void {
  ip('addr', 'add', address, 'dev', name)
  ip('link', 'set', name, 'up')
}

async function startChild(): Promise<ChildProcess> {
  // Beside the entry; this file itself may have become a chunk in another folder.
  const script = join(dirname(process.argv[1]!), 'traffic.js')
  const child = spawn('unshare', ['--net', process.execPath, script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  // It says so once it runs inside its own namespace.
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the traffic process did not start (code ${code})`)
    }),
  ])
  return child
}

async function listen(): Promise<() => void> {
  const servers = PORTS.map((port) => createServer((socket) => socket.end()).listen(port, '10.77.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const udp = createSocket('udp4')
  udp.bind(5353, '10.77.1.1')
  await once(udp, 'listening')
  return () => {
    for (const server of servers) server.close()
    udp.close()
  }
}
