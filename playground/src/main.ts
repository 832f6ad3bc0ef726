/**
 * The demo: the packet counter and the event logger at work. In the kernel on two veth pairs of a network namespace of
 * its own, with real UDP and TCP traffic; where that is not possible, the same programs in the VM over made-up packets.
 * `npm run demo` starts it inside the namespace (`--kernel`) or outside (`--vm`). It ends by itself.
 */

import { createNetwork } from './network.ts'
import counter from './programs/count-xdp.bpf.lisp'
import logger from './programs/event-logger.bpf.lisp'
import { Screen } from './screen.ts'
import { SimulatedTraffic } from './simulated-traffic.ts'

const SECONDS = 8

async function main(mode: 'kernel' | 'vm'): Promise<void> {
  using count = counter.load({ backend: mode })
  using log = logger.load({ backend: mode })
  const screen = new Screen(mode)
  const stopEvents = log.maps.events.on((event) => screen.addEvent(event))
  const traffic =
    mode === 'kernel'
      ? await createNetwork()
      : new SimulatedTraffic((packet) => {
          count.programs.countPackets.run(packet)
          log.programs.eventLogger.run(packet)
        })
  const links =
    mode === 'kernel'
      ? [count.programs.countPackets.attach({ ifname: 'lan0' }), log.programs.eventLogger.attach({ ifname: 'wan0' })]
      : []
  const draw = (): void => {
    screen.draw({
      packets: count.maps.pktCount.get(0),
      sent: log.maps.rbStats.get(logger.constants.STAT_EVENTS_SENT),
      dropped: log.maps.rbStats.get(logger.constants.STAT_EVENTS_DROPPED),
    })
  }
  const timer = setInterval(draw, 1000)
  try {
    await traffic.run(SECONDS)
    draw()
  } finally {
    clearInterval(timer)
    stopEvents()
    for (const link of links) link[Symbol.dispose]()
    traffic.close()
    screen.end()
  }
}

await main(process.argv.includes('--kernel') ? 'kernel' : 'vm')
