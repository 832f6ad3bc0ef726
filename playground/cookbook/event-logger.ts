/** `node event-logger.js IFNAME`: prints the TCP connections that arrive at an interface. */

import logger from '../src/programs/event-logger.bpf.lisp'
import { dotted } from './addresses.ts'
import { runUntilStopped } from './run-until-stopped.ts'

using obj = logger.load()
using _link = obj.programs.eventLogger.attach({ ifname: process.argv[2] ?? 'lo' })
// The addresses are as they lie in the packet, the port was swapped by `tcp-dst-port`.
obj.maps.events.on(({ srcAddr, dstAddr, dstPort }) => {
  console.log(`${dotted(srcAddr, 'network')} -> ${dotted(dstAddr, 'network')}:${dstPort}`)
})
await runUntilStopped()
const { STAT_EVENTS_SENT, STAT_EVENTS_DROPPED } = logger.constants
console.log(`${obj.maps.rbStats.get(STAT_EVENTS_SENT)} sent, ${obj.maps.rbStats.get(STAT_EVENTS_DROPPED)} dropped`)
