/** `node tail-calls.js IFNAME`: counts packets by protocol, each counted by the program of its protocol. */

import { runUntilStopped } from './run-until-stopped.ts'
import dispatch from './tail-calls.bpf.lisp'

using obj = dispatch.load()
const { jt, protoStats } = obj.maps
jt.set(6, obj.programs.tcpHandler)
jt.set(17, obj.programs.udpHandler)
using _link = obj.programs.xdpDispatch.attach({ ifname: process.argv[2] ?? 'lo' })

const { STAT_DISPATCHED, STAT_TCP, STAT_UDP } = dispatch.constants
const show = () => {
  const [all, tcp, udp] = [STAT_DISPATCHED, STAT_TCP, STAT_UDP].map((index) => protoStats.get(index))
  console.log(`${all} packets: ${tcp} tcp, ${udp} udp`)
}
await runUntilStopped(show)
show()
