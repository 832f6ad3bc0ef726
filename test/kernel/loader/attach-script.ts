/**
 * Runs inside a namespace: attaches the counting program to veth0, sends datagrams both ways, detaches, and sends again;
 * prints what was counted and what the system's own tools saw. Arguments: peer, program type, attach options as JSON.
 */
import { loadKernelObject } from '@unplugin-bpf/loader'
import { counter } from './asm.ts'
import { run } from './netns.ts'

const [peer, type, options] = process.argv.slice(2) as [string, 'xdp' | 'sched_cls', string]
const base = counter()
const spec = { ...base.programs[0]!, ...(type === 'sched_cls' && { type, section: 'tc', attachType: undefined }) }
// 2 is XDP_PASS, but TC_ACT_SHOT: a TC program passes with 0
const insns = spec.insns.map((insn) =>
  type === 'sched_cls' && insn.opcode === 0xb7 && insn.dst === 0 ? { ...insn, imm: 0 } : insn,
)
const loaded = loadKernelObject({ ...base, programs: [{ ...spec, insns }] })

/** Three UDP datagrams to an address. */
const SENDER = `
const socket = require('dgram').createSocket('udp4')
let left = 3
const send = () => socket.send('x', 9, process.argv[1], () => (--left ? setTimeout(send, 5) : setTimeout(() => socket.close(), 20)))
socket.on('error', () => {})
send()`
const traffic = () => {
  run('ip', 'netns', 'exec', peer, process.execPath, '-e', SENDER, '10.90.0.1')
  run(process.execPath, '-e', SENDER, '10.90.0.2')
}
const count = () =>
  Number(new DataView(loaded.maps.get('counts')!.lookup(new Uint8Array(4))!.buffer).getBigUint64(0, true))
const seen = () => ({
  link: /prog\/xdp|xdpgeneric/.exec(run('ip', '-d', 'link', 'show', 'veth0'))?.[0] ?? null,
  generic: run('ip', '-d', 'link', 'show', 'veth0').includes('xdpgeneric'),
  qdisc: run('tc', 'qdisc', 'show', 'dev', 'veth0').includes('clsact'),
})

try {
  const link = loaded.programs.get('counter')!.attach({ ifname: 'veth0', ...JSON.parse(options) })
  const attached = seen()
  traffic()
  const counted = count()
  let second = null
  try {
    loaded.programs
      .get('counter')!
      .attach({ ifname: 'veth0', ...JSON.parse(options) })
      .detach()
  } catch (error) {
    second = (error as Error).message
  }
  link.detach()
  link.detach()
  const atDetach = count()
  traffic()
  console.log(JSON.stringify({ kind: link.kind, attached, counted, second, after: count() - atDetach, left: seen() }))
} finally {
  loaded.close()
}
