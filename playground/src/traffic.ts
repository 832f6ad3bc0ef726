/** The child process of `network.ts`: real UDP datagrams and TCP connections for some seconds. */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { configure, ip, PORTS } from './network.ts'

process.on('message', (message: { seconds: number }) => void send(message.seconds))
process.on('disconnect', () => process.exit(0))
process.send?.('started')

async function send(seconds: number): Promise<void> {
  ip('link', 'set', 'lo', 'up')
  configure('wan1', '10.77.0.2/24')
  configure('lan1', '10.77.1.2/24')
  const udp = createSocket('udp4')
  const end = Date.now() + seconds * 1000
  for (let round = 0; Date.now() < end; round++) {
    for (let i = 0; i < 5; i++) udp.send(`datagram ${round}.${i}`, 5353, '10.77.1.1')
    if (round % 4 === 0) openConnection(PORTS[(round / 4) % PORTS.length]!)
    await sleep(50)
  }
  udp.close()
  // What was sent last still has to arrive.
  await sleep(200)
  process.send?.('done')
}

function openConnection(port: number): void {
  const socket = connect(port, '10.77.0.1')
  socket.on('connect', () => socket.end())
  socket.on('error', (error) => console.error(`connection to port ${port}: ${error.message}`))
}
