// node peers.mjs NAME ADDRESS,ADDRESS... PORT...: answers TCP and UDP on the ports with `NAME PORT`, to whoever asks.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

const [name, addresses, ...ports] = process.argv.slice(2)
const pairs = addresses.split(',').flatMap((address) => ports.map((port) => [address, Number(port)]))
const listening = pairs.flatMap(([address, port]) => {
  const tcp = createServer((socket) => socket.on('error', () => {}).end(`${name} ${port}`))
  const udp = createSocket('udp4')
  udp.on('message', (_, from) => udp.send(`${name} ${port}`, from.port, from.address))
  return [
    new Promise((resolve) => tcp.listen(port, address, resolve)),
    new Promise((resolve) => udp.bind(port, address, resolve)),
  ]
})
await Promise.all(listening)
console.log('ready')
