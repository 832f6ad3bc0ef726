// Says `ready`, then reads lines `tcp ADDRESS PORT` or `udp ADDRESS PORT` and answers each with what came back: the text,
// the code of an error, or `silence`.
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

const PATIENCE = 300 // ms

function tcp(address, port) {
  return new Promise((resolve) => {
    const socket = connect(port, address)
    const timer = setTimeout(() => resolve('silence'), PATIENCE)
    let text = ''
    socket.on('data', (data) => {
      text += data
    })
    socket.on('end', () => resolve(text))
    socket.on('error', (error) => resolve(error.code))
    socket.on('close', () => clearTimeout(timer))
  })
}

function udp(address, port) {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    const done = (text) => {
      clearTimeout(timer)
      socket.close()
      resolve(text)
    }
    const timer = setTimeout(() => done('silence'), PATIENCE)
    socket.on('message', (data) => done(String(data)))
    socket.on('error', (error) => done(error.code))
    // Bytes 0x1234 are what a DNS query starts with: its number.
    socket.connect(port, address, () =>
      socket.send(Buffer.from([0x12, 0x34, 1, 0]), (error) => error && done(error.code)),
    )
  })
}

console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [kind, address, port] = line.split(' ')
  console.log(await (kind === 'tcp' ? tcp : udp)(address, Number(port)))
}
process.exit(0)
