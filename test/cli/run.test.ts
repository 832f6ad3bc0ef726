/** `unplugin-bpf run`: packets from the command line and from captures, reports, and what is refused. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kernelUsable, readPcap, tcp, udp, writePcap } from '../../packages/unplugin-bpf/src/testing/index.ts'
import { hex } from '../../packages/unplugin-bpf/src/testing/print.ts'
import { type Folder, makeFolder } from './support.ts'

const root = join(import.meta.dirname, '..', '..')
const SYN = tcp({ dport: 9999, flags: 'S' })
let folder: Folder

beforeAll(() => {
  folder = makeFolder()
  folder.write(
    'f.pcap',
    writePcap([
      { bytes: SYN, time: 5n },
      { bytes: udp(), time: 6n },
    ]),
  )
  for (const [name, path] of [
    ['drop.bpf.lisp', 'test/bench/programs/drop-port.bpf.lisp'],
    ['log.bpf.lisp', 'playground/src/programs/event-logger.bpf.lisp'],
    ['firewall.bpf.lisp', 'playground/cookbook/firewall.bpf.lisp'],
  ] as const) {
    folder.write(name, readFileSync(join(root, path)))
  }
})
afterAll(() => folder.remove())

describe.each(kernelUsable().ok ? ['vm', 'kernel'] : ['vm'])('on the %s', (backend) => {
  it('counts verdicts and shows maps', async () => {
    const { code, stdout } = await folder.run('run', 'drop.bpf.lisp', '--pcap', 'f.pcap', '--backend', backend)
    expect(code).toBe(0)
    expect(stdout).toBe(`drop_port (xdp, section xdp), ${backend}, 2 runs: XDP_DROP 1, XDP_PASS 1
    1  XDP_DROP     10.0.0.1:40000 > 10.0.0.2:9999 TCP S seq 1 win 65535, 0 bytes
    2  XDP_PASS     10.0.0.1:40000 > 10.0.0.2:53 UDP, 0 bytes
maps:
  dropCount:
    0 => 1n
`)
  })
})

it('decodes events, as JSON too', async () => {
  const text = await folder.run('run', 'log.bpf.lisp', '--packet', hex(SYN), `0x${hex(udp())}`)
  expect(text.stdout).toMatch(/events:\n +1 {2}events \{ srcAddr: 16777226, .*dstPort: 9999/)
  const { stdout } = await folder.run('run', 'log.bpf.lisp', '--packet', hex(SYN), '--json')
  expect(JSON.parse(stdout)).toMatchObject({
    backend: 'vm',
    verdicts: { XDP_PASS: 1 },
    runs: [{ retval: 'XDP_PASS', packet: hex(SYN), events: [{ map: 'events', value: { dstPort: 9999 } }] }],
    maps: { rbStats: [1, 0] },
  })
})

it('traces lines', async () => {
  const { stdout } = await folder.run('run', 'drop.bpf.lisp', '--packet', hex(SYN), '--trace')
  expect(stdout).toMatch(/drop\.bpf\.lisp:8 +\(incf \(getmap drop-count 0\)\)/)
})

it('writes what was not dropped', async () => {
  await folder.run('run', 'drop.bpf.lisp', '--pcap', 'f.pcap', '--write', 'out.pcap')
  const written = readPcap(new Uint8Array(readFileSync(join(folder.path, 'out.pcap'))))
  expect(written).toEqual([{ bytes: udp(), time: 6n }])
})

it('runs objects, and programs without packets', async () => {
  await folder.run('compile', 'drop.bpf.lisp')
  const object = await folder.run('run', 'drop.bpf.o', '--packet', hex(SYN))
  expect(object.stdout).toContain('XDP_DROP 1')
  const context = await folder.run('run', 'firewall.bpf.lisp', '--program', 'sockops')
  expect(context.stdout).toContain('sockops (sock_ops, section sockops), vm, 1 runs: 1 1')
})

it.each([
  [['drop.bpf.lisp'], 'drop_port needs packets: --pcap FILE or --packet HEX'],
  [['drop.bpf.lisp', '--packet', 'xyz'], '--packet: "x" is no hexadecimal digit'],
  [['drop.bpf.lisp', '--packet', '123'], '--packet: 3 hexadecimal digits, an even number was expected'],
  [['drop.bpf.lisp', '--packet', '12'], 'packet 1: program drop_port: a test run needs a packet of at least 14 bytes'],
  [['drop.bpf.lisp', '--pcap', 'none.pcap'], 'cannot read none.pcap: no such file'],
  [['drop.bpf.lisp', '--pcap', 'drop.bpf.lisp'], 'drop.bpf.lisp: no capture file'],
  [['drop.bpf.lisp', '--packet', '00', '--program', 'x'], 'drop.bpf.lisp has no program x; it has dropPort'],
  [['firewall.bpf.lisp'], 'choose one with --program (connect4, sockops, egress)'],
  [['firewall.bpf.lisp', '--program', 'sockops', '--packet', '00'], 'is a sock_ops program, which has no packets'],
  [['none.bpf.lisp', '--packet', '00'], 'cannot read none.bpf.lisp: no such file'],
  [['f.pcap', '--packet', '00'], 'error:'],
])('%j is refused', async (args, message) => {
  const { code, stdout, stderr } = await folder.run('run', ...args)
  expect(stderr).toContain(message)
  expect(stderr).not.toContain('bug of unplugin-bpf')
  expect([code, stdout]).toEqual([1, ''])
})
