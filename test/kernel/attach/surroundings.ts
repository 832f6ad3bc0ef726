/**
 * What the cases happen in: a network namespace with a veth pair, a cgroup, sockets; all made by this process inside its
 * own namespaces, and what makes programs there run. Everything is gone after `dispose`.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { KernelObject } from '@unplugin-bpf/loader'
import { addon } from '../../../packages/loader/src/sys/addon.ts'

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const TIMES = 3
const times = (action: (i: number) => void) => {
  for (let i = 0; i < TIMES; i++) action(i)
}

/** System calls that Node has no names for: x64 and arm64 numbers, include/uapi/asm-generic/socket.h. */
const NR =
  process.arch === 'x64' ? { socket: 41, bind: 49, setsockopt: 54 } : { socket: 198, bind: 200, setsockopt: 208 }
const SOL_SOCKET = 1
const SO_REUSEPORT = 15
const RECEIVER_PORT = 7007
const MAC = '02:00:00:00:91:09'

/** No router solicitations and the like between our own packets; a kernel without IPv6 has none anyway. */
export function quietIpv6(): void {
  for (const scope of ['all', 'default']) {
    const file = `/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`
    if (existsSync(file)) writeFileSync(file, '1')
  }
}

/** What a case needs of the machine besides BPF is not there. */
export class Missing extends Error {}

function here(what: string, make: () => void): void {
  try {
    make()
  } catch {
    throw new Missing(`this machine is without ${what}`)
  }
}

export type Surroundings = Awaited<ReturnType<typeof createSurroundings>>

export async function createSurroundings() {
  if (!existsSync('/sys/kernel/tracing/events')) run('mount', '-t', 'tracefs', 'tracefs', '/sys/kernel/tracing')
  quietIpv6()
  run('ip', 'link', 'set', 'lo', 'up')
  run('ip', 'link', 'add', 'veth0', 'address', MAC, 'type', 'veth', 'peer', 'name', 'veth1')
  run('ip', 'address', 'add', '10.91.0.1/24', 'dev', 'veth1')
  for (const name of ['veth0', 'veth1']) run('ip', 'link', 'set', name, 'up')
  run('ip', 'neighbour', 'add', '10.91.0.9', 'lladdr', MAC, 'dev', 'veth1', 'nud', 'permanent')
  const cgroup = createCgroup()
  const udpReceiver = createReceiver()
  const sender = createSocket('udp4')
  sender.on('error', () => {})
  await new Promise<void>((resolve) => sender.bind(0, resolve))

  const send = async (port: number, address: string) => {
    for (let i = 0; i < TIMES; i++)
      await new Promise<void>((resolve) => sender.send('x', port, address, () => setTimeout(resolve, 3)))
  }
  return {
    cgroup: cgroup.path,
    udpReceiver,
    /** Three datagrams out of veth1, which arrive at veth0. */
    toVeth0: () => send(9, '10.91.0.9'),
    /** Three to a closed port. */
    loopback: () => send(9, '127.0.0.1'),
    toReceiver: () => send(RECEIVER_PORT, '127.0.0.1'),
    async dissected() {
      if (!run('tc', 'qdisc', 'show', 'dev', 'veth0').includes('clsact')) {
        run('tc', 'qdisc', 'add', 'dev', 'veth0', 'clsact')
        here('flower filters (CONFIG_NET_CLS_FLOWER), which dissect packets', () =>
          run('tc', 'filter', 'add', 'dev', 'veth0', 'ingress', 'flower', 'skip_hw', 'action', 'ok'),
        )
      }
      await send(9, '10.91.0.9')
    },
    netkit() {
      // The peer gets the first free name of the kernel's own, nk0.
      here('netkit devices', () => run('ip', 'link', 'add', 'netkit0', 'type', 'netkit'))
      run('ip', 'address', 'add', '10.92.0.1/24', 'dev', 'netkit0')
      for (const name of ['nk0', 'netkit0']) run('ip', 'link', 'set', name, 'up')
      run('ip', 'neighbour', 'add', '10.92.0.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'netkit0', 'nud', 'permanent')
      return 'netkit0'
    },
    fromNetkit: () => send(9, '10.92.0.9'),
    sockets: () => times(() => void addon().syscall(3, addon().syscall(NR.socket, 2, 2, 0))),
    connections,
    openNull: () => times(() => closeSync(openSync('/dev/null', 'r'))),
    readSysctl: () => times(() => void readFileSync('/proc/sys/kernel/ostype')),
    socketOptions: () => times(() => void sender.getRecvBufferSize()),
    throughSockmap,
    spawn: () => times(() => void spawnSync('true')),
    unlinkFiles: () =>
      times((i) => {
        const file = join(tmpdir(), `ubpf-${process.pid}-${i}`)
        writeFileSync(file, '')
        unlinkSync(file)
      }),
    askParent: () => times(() => void process.ppid),
    /** A program with the static probe `ubpf:fired`, which it passes three times. */
    staticProbes: () => buildStaticProbes(cgroup.path),
    compute() {
      const end = Date.now() + 60
      while (Date.now() < end);
    },
    touchMemory: () => times(() => void Buffer.alloc(1 << 20, 1)),
    [Symbol.dispose]() {
      sender.close()
      closeSync(udpReceiver)
      if (built !== undefined) for (const file of [built, `${built}.c`]) unlinkSync(file)
      cgroup[Symbol.dispose]()
    },
  }
}

/** A group of our own that this process goes into, and back out of. */
function createCgroup() {
  const root = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(`${path}/cgroup.controllers`))
  if (root === undefined) throw new Error('no cgroup2 file system is mounted')
  const before = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))![1]!
  const path = `${root}/ubpf-${process.pid}`
  mkdirSync(path)
  writeFileSync(`${path}/cgroup.procs`, String(process.pid))
  return {
    path,
    [Symbol.dispose]() {
      writeFileSync(`${root}${before}/cgroup.procs`, String(process.pid))
      rmdirSync(path)
    },
  }
}

/** What sys/sdt.h makes of `DTRACE_PROBE1(ubpf, fired, i)`, without needing it. */
const STATIC_PROBE = String.raw`
int main(void) {
  for (volatile int i = 0; i < 3; i++)
    __asm__ volatile("990: nop\n"
      ".pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n.4byte 992f-991f, 994f-993f, 3\n"
      "991: .asciz \"stapsdt\"\n992: .balign 4\n993: .8byte 990b\n.8byte 0\n.8byte 0\n"
      ".asciz \"ubpf\"\n.asciz \"fired\"\n.asciz \"-4@%%eax\"\n994: .balign 4\n.popsection\n");
  return 0;
}`

let built: string | undefined

function buildStaticProbes(name: string): string {
  if (built === undefined) {
    const file = join(tmpdir(), `${basename(name)}-usdt`)
    here('a C compiler (cc)', () => {
      writeFileSync(`${file}.c`, STATIC_PROBE)
      run('cc', '-o', file, `${file}.c`)
    })
    built = file
  }
  return built
}

/** A UDP socket with SO_REUSEPORT, which Node 20 cannot ask for. */
function createReceiver(): number {
  const fd = addon().syscall(NR.socket, 2, 2, 0)
  const on = new Uint8Array([1, 0, 0, 0])
  addon().syscall(NR.setsockopt, fd, SOL_SOCKET, SO_REUSEPORT, on, 4)
  // struct sockaddr_in: family, port in network order, address
  const address = new Uint8Array([2, 0, RECEIVER_PORT >> 8, RECEIVER_PORT & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
  const bound = addon().syscall(NR.bind, fd, address, address.length)
  if (bound < 0) throw new Error(`bind: ${bound}`)
  return fd
}

/** Three TCP connections over loopback. */
async function connections() {
  await withServer(async (port) => {
    for (let i = 0; i < TIMES; i++) (await connected(port)).destroy()
  })
}

async function withServer(use: (port: number) => Promise<void>) {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await use((server.address() as { port: number }).port)
  } finally {
    server.close()
  }
}

const connected = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.on('error', reject)
  })

/** A socket gets into the map `sockets`; then three messages go out and come back. */
async function throughSockmap(object: KernelObject) {
  const map = object.maps.get('sockets')!
  await withServer(async (port) => {
    const client = (await connected(port)).resume()
    try {
      // biome-ignore lint/suspicious/noExplicitAny: Node does not show a socket's descriptor otherwise
      const fd = (client as any)._handle.fd as number
      map.update(new Uint8Array(4), new Uint8Array(Uint32Array.of(fd).buffer), 0)
      for (let i = 0; i < TIMES; i++) {
        client.write('x')
        await Promise.race([once(client, 'data'), new Promise((resolve) => setTimeout(resolve, 500))])
      }
    } finally {
      client.destroy()
    }
  })
}
