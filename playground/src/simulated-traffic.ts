/** Made-up packets for the VM: the same mix as `traffic.ts` sends for real, one call per packet. */
import { setTimeout as sleep } from 'node:timers/promises'
import { buildPacket } from 'unplugin-bpf/packets'
import { PORTS, type Traffic } from './network.ts'

export class SimulatedTraffic implements Traffic {
  readonly #receive: (packet: Uint8Array) => void
  #open = true

  constructor(receive: (packet: Uint8Array) => void) {
    this.#receive = receive
  }

  async run(seconds: number): Promise<void> {
    const end = Date.now() + seconds * 1000
    for (let round = 0; this.#open && Date.now() < end; round++) {
      const host = 2 + (round % 5)
      for (let i = 0; i < 5; i++) {
        this.#receive(
          buildPacket({ ipv4: { source: `10.77.1.${host}` }, udp: { to: 5353 }, payload: new Uint8Array(20) }),
        )
      }
      if (round % 4 === 0)
        this.#connection(`10.77.0.${host}`, PORTS[(round / 4) % PORTS.length]!, 1024 + (round % 60000))
      await sleep(50)
    }
  }

  close(): void {
    this.#open = false
  }

  /** The client's side of a handshake and a close: only the first packet is a new connection. */
  #connection(source: string, to: number, from: number): void {
    const ipv4 = { source, destination: '10.77.0.1' }
    this.#receive(buildPacket({ ipv4, tcp: { from, to, flags: ['syn'] } }))
    this.#receive(buildPacket({ ipv4, tcp: { from, to, flags: ['ack'] } }))
    this.#receive(buildPacket({ ipv4, tcp: { from, to, flags: ['fin', 'ack'] } }))
  }
}
