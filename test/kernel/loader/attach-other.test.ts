/** Attaching to tracepoints, functions of a program, cgroups and sockets; all of them this test's own. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'
import * as asm from './asm.ts'

const usable = kernelUsable()
const title = usable.ok ? 'attaching elsewhere' : `attaching elsewhere (skipped: ${usable.reason})`
/** cgroup v1 machines mount version 2 in a subdirectory. */
const cgroups = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(`${path}/cgroup.controllers`))

const count = (loaded: ReturnType<typeof loadKernelObject>) =>
  Number(new DataView(loaded.maps.get('counts')!.lookup(new Uint8Array(4))!.buffer).getBigUint64(0, true))

/** Joins a cgroup, then sends three datagrams over loopback. */
const SENDER = `
require('fs').writeFileSync(process.argv[1] + '/cgroup.procs', String(process.pid))
const socket = require('dgram').createSocket('udp4')
let left = 3
const send = () => socket.send('x', 9, '127.0.0.1', () => (--left ? send() : socket.close()))
socket.on('error', () => {})
send()`

describe.skipIf(!usable.ok)(title, () => {
  const kprobes = existsSync('/sys/bus/event_source/devices/kprobe')
  it.skipIf(kprobes)('a kernel without kprobes says so', () => {
    const type = { type: 'kprobe', section: 'kprobe/do_unlinkat', attachType: undefined, attachTarget: 'do_unlinkat' }
    const base = asm.counter()
    using loaded = loadKernelObject({ ...base, programs: [{ ...base.programs[0]!, ...type }] })
    expect(() => loaded.programs.get('counter')!.attach({})).toThrow(
      'this kernel has no kprobes (CONFIG_KPROBES is off)',
    )
  })

  it('a tracepoint without tracefs says how to mount it', () => {
    const type = { type: 'tracepoint', section: 'tracepoint/no/such', attachType: undefined, attachTarget: 'no/such' }
    const base = asm.counter()
    using loaded = loadKernelObject({ ...base, programs: [{ ...base.programs[0]!, ...type }] })
    expect(() => loaded.programs.get('counter')!.attach({})).toThrow(
      /mount -t tracefs tracefs|this kernel has no tracepoint no\/such/,
    )
  })

  describe.skipIf(cgroups === undefined)(cgroups ? 'cgroup' : 'cgroup (skipped: no cgroup2 file system)', () => {
    it.each([{}, { via: 'netlink' }] as const)('with %o', (via) => {
      const cgroup = `${cgroups}/ubpf-${randomBytes(4).toString('hex')}`
      mkdirSync(cgroup)
      const base = asm.counter()
      const insns = base.programs[0]!.insns.map((insn) =>
        insn.opcode === 0xb7 && insn.dst === 0 ? { ...insn, imm: 1 } : insn,
      )
      const type = { type: 'cgroup_skb', section: 'cgroup_skb/egress', attachType: 'CGROUP_INET_EGRESS' }
      const loaded = loadKernelObject({ ...base, programs: [{ ...base.programs[0]!, insns, ...type }] })
      try {
        const send = () => execFileSync(process.execPath, ['-e', SENDER, cgroup])
        const link = loaded.programs.get('counter')!.attach({ cgroup, ...via })
        expect(link.kind).toBe('via' in via ? 'cgroup-attach' : 'cgroup')
        send()
        expect(count(loaded)).toBe(3)
        link.detach()
        send()
        expect(count(loaded)).toBe(3)
        expect(() => loaded.programs.get('counter')!.attach({ cgroup: '/tmp' })).toThrow(
          /EBADF\n {2}\/tmp is not a directory of a cgroup2 file system/,
        )
        expect(() => loaded.programs.get('counter')!.attach({})).toThrow('needs the option cgroup')
      } finally {
        loaded.close()
        rmdirSync(cgroup)
      }
    })
  })

  it('a socket filter sees the datagrams of one socket', async () => {
    const base = asm.counter()
    const type = { type: 'socket_filter', section: 'socket', attachType: undefined }
    using loaded = loadKernelObject({ ...base, programs: [{ ...base.programs[0]!, ...type }] })
    const socket = createSocket('udp4')
    try {
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
      // biome-ignore lint/suspicious/noExplicitAny: Node does not show a socket's descriptor otherwise
      const socketFd = (socket as any)[Object.getOwnPropertySymbols(socket).find((s) => String(s).includes('state'))!]
        .handle.fd
      const link = loaded.programs.get('counter')!.attach({ socketFd })
      const send = () => new Promise((resolve) => socket.send('hello', socket.address().port, '127.0.0.1', resolve))
      await send()
      await send()
      expect(count(loaded)).toBe(2)
      link.detach()
      await send()
      expect(count(loaded)).toBe(2)
    } finally {
      socket.close()
    }
  })

  it('closing an object detaches what it attached', () => {
    const base = asm.counter()
    const type = {
      type: 'raw_tracepoint',
      section: 'raw_tp/sys_enter',
      attachType: undefined,
      attachTarget: 'sys_enter',
    }
    const loaded = loadKernelObject({ ...base, programs: [{ ...base.programs[0]!, ...type }] })
    const map = loaded.maps.get('counts')!
    const link = loaded.programs.get('counter')!.attach({})
    expect(count(loaded)).toBeGreaterThan(0)
    loaded.close()
    link.detach()
    expect(() => map.fd).toThrow('closed')
  })
})
