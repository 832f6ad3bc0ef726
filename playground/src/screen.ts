/** The table on the terminal: redrawn in place on a terminal, printed anew each second elsewhere. */
import Table from 'cli-table3'
import { createLogUpdate } from 'log-update'
import pc from 'picocolors'
import type { ConnEvent } from './programs/event-logger.bpf.lisp'

export interface Counters {
  readonly packets: bigint
  readonly sent: bigint
  readonly dropped: bigint
}

const SHOWN_EVENTS = 6

export class Screen {
  #events: { readonly at: number; readonly event: ConnEvent }[] = []
  #total = 0
  #last = 0n
  readonly #start = Date.now()
  readonly #where: string
  readonly #update = process.stdout.isTTY ? createLogUpdate(process.stdout) : undefined

  constructor(mode: 'kernel' | 'vm') {
    this.#where = mode === 'kernel' ? 'in the Linux kernel, on real packets' : 'in the VM, on made-up packets'
  }

  addEvent(event: ConnEvent): void {
    this.#total++
    this.#events = [...this.#events.slice(1 - SHOWN_EVENTS), { at: Date.now() - this.#start, event }]
  }

  draw(counters: Counters): void {
    const text = this.#render(counters)
    if (this.#update) this.#update(text)
    else console.log(text)
    this.#last = counters.packets
  }

  end(): void {
    this.#update?.done()
  }

  #render({ packets, sent, dropped }: Counters): string {
    const table = new Table({
      head: ['after', 'from', 'to', 'port', 'protocol'],
      chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
      // cli-table3 colours pipes as well; a log file wants plain text.
      style: this.#update ? { head: ['cyan'] } : { head: [], border: [] },
    })
    for (const { at, event } of this.#events) {
      table.push([
        `${(at / 1000).toFixed(1)} s`,
        formatAddress(event.srcAddr),
        formatAddress(event.dstAddr),
        String(event.dstPort),
        event.proto === 6 ? 'TCP' : String(event.proto),
      ])
    }
    const seconds = Math.round((Date.now() - this.#start) / 1000)
    return [
      `${pc.bold(`${seconds} s`)}, running ${this.#where}`,
      `  count-xdp     ${pc.green(String(packets))} packets (+${packets - this.#last})`,
      `  event-logger  ${pc.green(String(sent))} connections sent, ${dropped} dropped, ${this.#total} received here`,
      table.toString(),
    ].join('\n')
  }
}

/** The program stores addresses as they come off the wire, so the first byte is the lowest. */
function formatAddress(address: number): string {
  return [0, 8, 16, 24].map((shift) => (address >>> shift) & 255).join('.')
}
