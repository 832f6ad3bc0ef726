/**
 * Runs in namespaces of its own, as one process after another on the same veth pair and BPF file system (see
 * lifetime.test.ts). Argument: the step. Prints one JSON line.
 */
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { argv } from 'node:process'
import type { AttachOptions, Link } from '@unplugin-bpf/core/runtime'
import { type KernelObject, loadKernelObject } from '@unplugin-bpf/loader'
import { counter } from '../loader/asm.ts'
import { quietIpv6 } from './surroundings.ts'

const PIN = '/mnt/link'
const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' })
const count = (object: KernelObject) => Number(object.maps.get('counts')!.lookup(new Uint8Array(4))![0])
const attach = (object: KernelObject, options: AttachOptions = {}) =>
  object.programs.get('counter')!.attach({ ifname: 'veth0', ...options })
const attachedPrograms = () => /xdp/.test(run('ip', '-d', 'link', 'show', 'veth0'))

async function send() {
  const socket = createSocket('udp4')
  for (let i = 0; i < 3; i++)
    await new Promise<void>((resolve) => socket.send('x', 9, '10.91.0.9', () => setTimeout(resolve, 3)))
  socket.close()
}

const failure = (action: () => unknown) => {
  try {
    action()
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/** Adopts or replaces what an earlier process left, and shows that this process's program runs now. */
async function takeOver(onExisting: 'adopt' | 'replace', more: AttachOptions = {}) {
  using object = loadKernelObject(counter())
  const link = attach(object, { pin: PIN, onExisting, ...more })
  await send()
  return { counted: count(object), kind: link.kind, pinned: link.pinned, info: link.info() }
}

const STEPS: Readonly<Record<string, () => unknown>> = {
  /** Waits to be killed, with a pinned link or one that only this process holds. */
  async hold() {
    const object = loadKernelObject(counter())
    const link = attach(object, argv[3] === 'pinned' ? { pin: PIN } : {})
    console.log(JSON.stringify({ id: link.info()!.id, pid: process.pid }))
    setInterval(() => object.programs, 1000)
  },
  fail() {
    using object = loadKernelObject(counter())
    return {
      exists: failure(() => attach(object, { pin: PIN })),
      otherKind: failure(() => {
        const [spec] = counter().programs
        const type = { type: 'raw_tracepoint', section: 'raw_tp/sys_enter', attachType: undefined }
        using tracing = loadKernelObject({
          ...counter(),
          programs: [{ ...spec!, ...type, attachTarget: 'sched_process_exec' }],
        })
        tracing.programs.get('counter')!.attach({ pin: PIN, onExisting: 'adopt' })
      }),
      otherInterface: failure(() => attach(object, { ifname: 'veth1', pin: PIN, onExisting: 'adopt' })),
    }
  },
  adopt: () => takeOver('adopt'),
  replace: () => takeOver('replace'),
  /** The interface goes while a program is attached; the link knows, closing is harmless, the pin can be adopted. */
  async gone() {
    using object = loadKernelObject(counter())
    const link = attach(object, { pin: PIN, onExisting: 'adopt' })
    run('ip', 'link', 'delete', 'veth0')
    const { ifindex } = link.info()!
    const updated = failure(() => link.update(object.programs.get('counter')!))
    link.close()
    link.close()
    makePair()
    return { ifindex, updated, after: await takeOver('adopt') }
  },
  /** detach() ends a pinned attachment; close() does not. */
  async detach() {
    using object = loadKernelObject(counter())
    const first = attach(object, { pin: PIN, onExisting: 'adopt' })
    first.close()
    const afterClose = attachedPrograms()
    const link = attach(object, { pin: PIN, onExisting: 'adopt' })
    link.detach()
    link.detach()
    return {
      afterClose,
      afterDetach: attachedPrograms(),
      attached: link.attached,
      update: failure(() => link.update({})),
    }
  },
  /** `update` changes the program without a gap: by link and by netlink. */
  async update() {
    const results: unknown[] = []
    for (const via of ['link', 'netlink'] as const) {
      using first = loadKernelObject(counter())
      using second = loadKernelObject(counter())
      using link: Link = attach(first, { via })
      await send()
      link.update(second.programs.get('counter')!)
      await send()
      results.push([count(first), count(second)])
    }
    return { results, left: attachedPrograms() }
  },
}

function makePair() {
  run('ip', 'link', 'add', 'veth0', 'address', '02:00:00:00:91:09', 'type', 'veth', 'peer', 'name', 'veth1')
  run('ip', 'address', 'add', '10.91.0.1/24', 'dev', 'veth1')
  for (const name of ['veth0', 'veth1']) run('ip', 'link', 'set', name, 'up')
  run('ip', 'neighbour', 'add', '10.91.0.9', 'lladdr', '02:00:00:00:91:09', 'dev', 'veth1', 'nud', 'permanent')
}

const step = argv[2]!
if (step === 'prepare') {
  run('mount', '-t', 'bpf', 'bpf', '/mnt')
  quietIpv6()
  makePair()
} else {
  const result = await STEPS[step]!()
  if (result !== undefined) console.log(JSON.stringify(result))
}
