/** The eight benchmark programs with the map states and inputs that they are compared on. */
import { ADDRESSES, PORTS, skbPackets, testPackets } from '../support/packets.ts'
import { randomFrom } from '../support/random.ts'
import type { Scenario } from './differential.ts'

export interface NamedScenario extends Scenario {
  /** File name without extension under test/bench/programs and test/bench/c. */
  readonly name: string
}

const bytes = (size: number, write: (view: DataView) => void): Uint8Array => {
  const out = new Uint8Array(size)
  write(new DataView(out.buffer))
  return out
}
const u16 = (value: number): Uint8Array => bytes(2, (v) => v.setUint16(0, value, true))
const u32 = (value: number): Uint8Array => bytes(4, (v) => v.setUint32(0, value, true))
const u64 = (value: bigint): Uint8Array => bytes(8, (v) => v.setBigUint64(0, value, true))
/** An address as a u32 load from the packet sees it: first byte lowest. */
const address = (text: string): Uint8Array => Uint8Array.from(text.split('.').map(Number))

const COUNT = 260

/** Sources below, at and above the threshold of 100. */
const synEntries = [50n, 99n, 100n, 101n, 1000n].map((count, i) => [address(ADDRESSES[i]!), u64(count)] as const)

/** {addr, dport, slot, proto, scope, pad} as nodeport-lb4 has it; `port` in network order like the packet. */
function serviceKey(addr: string, port: number, slot: number, proto: number): Uint8Array {
  return bytes(12, (v) => {
    new Uint8Array(v.buffer).set(address(addr), 0)
    v.setUint16(4, port)
    v.setUint16(6, slot, true)
    v.setUint8(8, proto)
  })
}

function service(backend: number, count: number): Uint8Array {
  return bytes(16, (v) => {
    v.setUint32(0, backend, true)
    v.setUint16(4, count, true)
  })
}

/** Slot counts of 1, so that the random number does not decide; count 0, a missing slot and a missing backend too. */
const serviceEntries = ADDRESSES.slice(0, 4).flatMap((addr, i) =>
  [6, 17].flatMap((proto) =>
    PORTS.slice(0, 6).flatMap((port, j) => {
      const frontend = [serviceKey(addr, port, 0, proto), service(0, j === 5 ? 0 : 1)] as const
      const slot = [serviceKey(addr, port, 1, proto), service(i * 8 + j, 0)] as const
      return j === 4 ? [frontend] : [frontend, slot]
    }),
  ),
)
const backendEntries = Array.from({ length: 26 }, (_, id) => {
  const value = bytes(12, (v) => {
    v.setUint32(0, (0x0a010000 + id * 77777) >>> 0)
    v.setUint16(4, 8000 + id)
  })
  return [u32(id), value] as const
})

const policyKey = (identity: number, port: number, proto: number): Uint8Array =>
  bytes(8, (v) => {
    v.setUint32(0, identity, true)
    v.setUint16(4, port)
    v.setUint8(6, proto)
  })

/** sched_switch records: pids repeat, states are 0 half of the time. */
function switchContexts(): Uint8Array[] {
  const random = randomFrom(6)
  return Array.from({ length: COUNT }, () =>
    bytes(64, (v) => {
      v.setUint32(24, random.below(6), true)
      v.setBigInt64(32, random.oneIn(2) ? 0n : BigInt(random.below(3)), true)
      v.setUint32(56, random.below(6), true)
    }),
  )
}

export const SCENARIOS: readonly NamedScenario[] = [
  { name: 'count-xdp', program: 'count_packets', packets: testPackets(1, COUNT) },
  { name: 'drop-port', program: 'drop_port', packets: testPackets(2, COUNT) },
  { name: 'synflood', program: 'synflood', packets: testPackets(3, COUNT), entries: { syn_counter: synEntries } },
  {
    name: 'tc-classifier',
    program: 'tc_classifier',
    packets: skbPackets(4, COUNT + 40),
    entries: { blocked_ports: [5353, 9999, 80, 256].map((port) => [u16(port), Uint8Array.of(1)] as const) },
  },
  {
    name: 'nodeport-lb4',
    program: 'nodeport_lb4',
    packets: testPackets(5, COUNT * 2),
    entries: { lb4_services: serviceEntries, lb4_backends: backendEntries },
  },
  { name: 'runqlat', program: 'runqlat', packets: [], contexts: switchContexts() },
  { name: 'xdp1', program: 'xdp1', packets: testPackets(7, COUNT) },
  {
    name: 'policy-l4',
    program: 'policy_l4',
    packets: testPackets(8, COUNT),
    entries: {
      ipcache_v4: ADDRESSES.slice(0, 5).map((addr, i) => [address(addr), u32(100 + i)] as const),
      policy_v4: PORTS.slice(0, 8).flatMap((port) => [
        [policyKey(100, port, 6), u32(1)] as const,
        [policyKey(101, port, 17), u32(1)] as const,
      ]),
    },
  },
]
