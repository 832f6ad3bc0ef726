/**
 * More programs of the kinds of the eight (parsers, classifiers, balancers, limits, histograms, policies, cgroups), so
 * that the optimiser is not tuned to eight texts. Those that PROG_TEST_RUN can run are compared like the eight.
 */
import { buildPacket } from '../../packages/core/src/packets/packets.ts'
import { ADDRESSES, PORTS, skbPackets, testPackets } from '../support/packets.ts'
import { randomFrom } from '../support/random.ts'
import type { Observation } from './differential.ts'
import type { NamedScenario } from './scenarios.ts'

export interface KindredScenario extends NamedScenario {
  /** What may differ between two runs (times, identities), made equal. */
  readonly comparable?: (seen: Observation) => Observation
}

const COUNT = 130

const bytes = (size: number, write: (view: DataView) => void): Uint8Array => {
  const out = new Uint8Array(size)
  write(new DataView(out.buffer))
  return out
}
const u32 = (value: number): Uint8Array => bytes(4, (v) => v.setUint32(0, value, true))
/** As a u32 load from the packet sees it. */
const address = (text: string): Uint8Array => Uint8Array.from(text.split('.').map(Number))

/** Zeros over `length` bytes at `offset` of each value of the map. */
const withoutBytes =
  (map: string, offset: number, length: number) =>
  (seen: Observation): Observation => {
    const blank = (line: string): string => {
      const at = line.indexOf('=') + 1 + offset * 2
      return line.slice(0, at) + '00'.repeat(length) + line.slice(at + length * 2)
    }
    return { ...seen, maps: { ...seen.maps, [map]: seen.maps[map]!.map(blank) } }
  }

/** Which slot a delay falls into depends on the machine: the count per device does not. */
function latenciesByDevice(seen: Observation): Observation {
  const sums = new Map<string, bigint>()
  for (const line of seen.maps.latencies!) {
    const [key, value] = line.split('=') as [string, string]
    const device = key.slice(0, 8)
    sums.set(device, (sums.get(device) ?? 0n) + Buffer.from(value, 'hex').readBigUInt64LE())
  }
  return { ...seen, maps: { ...seen.maps, latencies: [...sums].map(([device, n]) => `${device}=${n}`).sort() } }
}

/** More connections of two sources than the limit, between other packets. */
function synPackets(): Uint8Array[] {
  const random = randomFrom(11)
  return Array.from({ length: 560 }, () =>
    buildPacket({
      ipv4: { source: random.pick(ADDRESSES.slice(0, 2)) },
      tcp: { to: 80, flags: random.oneIn(8) ? ['syn', 'ack'] : ['syn'] },
    }),
  )
}

function pings(): Uint8Array[] {
  const random = randomFrom(12)
  return Array.from({ length: COUNT }, (_, i) => {
    const ping = buildPacket({
      ipv4: { source: random.pick(ADDRESSES), destination: random.pick(ADDRESSES), protocol: 1 },
      payload: Uint8Array.from({ length: random.oneIn(9) ? random.below(8) : 8 + random.below(20) }, () =>
        random.below(256),
      ),
    })
    if (i % 2 === 0 && ping.length > 36) ping.set([8, 0], 34)
    return ping
  })
}

/** Prefixes of all lengths; rules with a range of ports, of one protocol or all. */
const rules = ADDRESSES.flatMap((text, i) =>
  [8, 16, 24, 32].map((length, j) => {
    const key = bytes(8, (v) => {
      v.setUint32(0, length, true)
      new Uint8Array(v.buffer).set(address(text), 4)
    })
    const rule = bytes(8, (v) => {
      v.setUint16(0, PORTS[j]!, true)
      v.setUint16(2, [100, 1024, 10000, 65535][(i + j) % 4]!, true)
      v.setUint8(4, [0, 6, 17][(i + j) % 3]!)
      v.setUint8(5, (i + j) % 2)
    })
    return [key, rule] as const
  }),
)

const targets = Array.from({ length: 256 }, (_, i) => {
  const target = bytes(12, (v) => {
    new Uint8Array(v.buffer).set([2, 0, 0, 0, i >> 4, i], 0)
    v.setUint32(8, i % 7 === 0 ? 0 : 0x0a000000 + i)
  })
  return [u32(i), target] as const
})

/** Block requests of two devices; every second one was issued before. */
const requests = Array.from({ length: COUNT }, (_, i) =>
  bytes(40, (v) => {
    v.setUint32(8, 8 + (i % 2), true)
    v.setBigUint64(16, BigInt(i >> 1), true)
  }),
)
const issued = requests
  .filter((_, i) => i % 4 < 2)
  .map((request) => {
    const key = bytes(16, (v) => new Uint8Array(v.buffer).set([...request.subarray(8, 12), 0, 0, 0, 0]))
    key.set(request.subarray(16, 24), 8)
    return [key, new Uint8Array(8)] as const
  })

/** For ever, or long past; the key is the address with the protocol in its first byte. */
const blocked = ADDRESSES.slice(0, 5).flatMap((text, i) =>
  [6, 17].map((protocol, j) => {
    const key = address(text)
    key[0]! ^= protocol
    return [key, new Uint8Array(8).fill((i + j) % 2 ? 0xff : 0)] as const
  }),
)

export const KINDRED_SCENARIOS: readonly KindredScenario[] = [
  { name: 'dual-stack', program: 'dual_stack', packets: testPackets(21, COUNT) },
  {
    name: 'rate-limit',
    program: 'rate_limit',
    packets: synPackets(),
    entries: { windows: [[address(ADDRESSES[1]!), new Uint8Array(16)]] },
    comparable: withoutBytes('windows', 0, 8),
  },
  {
    name: 'dscp-mark',
    program: 'dscp_mark',
    packets: skbPackets(23, COUNT).map((packet, i) => packet.slice().fill((i * 37) & 0xff, 15, 16)),
    entries: { class_of_dscp: Array.from({ length: 64 }, (_, i) => [u32(i), u32(i % 11)] as const) },
  },
  {
    name: 'ring-lb',
    program: 'ring_lb',
    packets: testPackets(24, COUNT).map((packet, i) => (i % 9 === 0 && packet.length > 30 ? withTtl(packet) : packet)),
    entries: { ring: targets, vips: ADDRESSES.slice(0, 4).map((a, i) => [address(a), u32(i * 0x01234567)] as const) },
  },
  {
    name: 'biolatency',
    program: 'rq_complete',
    packets: [],
    contexts: requests,
    entries: { issued },
    comparable: latenciesByDevice,
  },
  {
    name: 'block-list',
    program: 'block_list',
    packets: testPackets(28, COUNT),
    entries: { blocked_until: blocked },
  },
  { name: 'cidr-policy', program: 'cidr_policy', packets: skbPackets(25, COUNT), entries: { rules } },
  {
    name: 'egress-quota',
    program: 'egress_quota',
    packets: skbPackets(26, COUNT),
    entries: {
      denied: ADDRESSES.slice(0, 2).map((a) => [address(a), Uint8Array.of(1)] as const),
      quotas: [[u32(0), bytes(24, (v) => v.setBigUint64(0, 9000n, true))]],
    },
  },
  { name: 'icmp-echo', program: 'icmp_echo', packets: pings() },
  {
    name: 'conntrack',
    program: 'conntrack',
    packets: skbPackets(27, COUNT),
    comparable: withoutBytes('flows', 16, 8),
  },
]

/** A packet that has no hop left. */
function withTtl(packet: Uint8Array): Uint8Array {
  const copy = packet.slice()
  copy[22] = 1
  return copy
}
