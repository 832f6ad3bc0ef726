/**
 * Packets for differential tests: the edges of every header first (each length around each bounds check, every
 * EtherType and protocol, tags, options, fragments), then seeded random ones over few addresses and ports, so that map
 * keys repeat.
 */
import { buildPacket, type PacketFields } from '../../packages/core/src/packets/packets.ts'
import { type Random, randomFrom } from './random.ts'

/** Ports that the programs under test look at, and their neighbours. */
export const PORTS = [22, 53, 80, 443, 9999, 21, 9998, 10000, 0, 1, 255, 256, 5353, 65535]
export const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '192.168.1.1', '255.255.255.255', '0.0.0.0', '1.2.3.4']

/** PROG_TEST_RUN refuses frames shorter than an Ethernet header (net/bpf/test_run.c). */
const SHORTEST = 14

/** What PROG_TEST_RUN of an skb program takes: frames that hold at least the whole network header they announce. */
export function skbPackets(seed: number, count: number): Uint8Array[] {
  return testPackets(seed, count).filter((packet) => {
    const type = (packet[12]! << 8) | packet[13]!
    return packet.length >= 14 + (type === 0x0800 ? 20 : type === 0x86dd ? 40 : 0)
  })
}

/** Deterministic for a seed; at least `count` packets. */
export function testPackets(seed: number, count: number): Uint8Array[] {
  const random = randomFrom(seed)
  const packets = edgePackets()
  while (packets.length < count) packets.push(randomPacket(random))
  return packets
}

function edgePackets(): Uint8Array[] {
  const tcp: PacketFields = { ipv4: {}, tcp: { to: 9999, flags: ['syn'] } }
  const lengths = [14, 15, 18, 22, 33, 34, 35, 37, 38, 39, 41, 42, 53, 54, 55, 60, 61, 62, 64, 100, 1500]
  const packets = lengths.map((length) => buildPacket({ ...tcp, length }))
  for (const length of [14, 18, 22, 38, 42, 54, 58, 62, 64]) {
    packets.push(buildPacket({ ipv6: {}, tcp: {}, length }))
    packets.push(buildPacket({ vlans: [{}], ipv4: {}, udp: {}, length }))
    packets.push(buildPacket({ vlans: [{ tagType: 0x88a8 }, {}], ipv6: {}, udp: {}, length }))
    packets.push(buildPacket({ vlans: [{ tagType: 0x88a8 }, {}], ipv4: {}, tcp: {}, length }))
  }
  packets.push(buildPacket({ vlans: [{}, {}, {}], ipv4: {}, tcp: {} }))
  for (const to of PORTS) {
    packets.push(
      buildPacket({ ipv4: {}, tcp: { to, flags: ['ack'] } }),
      buildPacket({ ipv4: {}, udp: { to }, length: 60 }),
    )
  }
  for (const flags of [0, 1, 2, 0x10, 0x12, 0x3f, 0xff]) packets.push(buildPacket({ ipv4: {}, tcp: { flags } }))
  packets.push(buildPacket({ ipv4: {}, icmp: {}, length: 60 }), buildPacket({ ethernet: { type: 0x0806 }, length: 60 }))
  packets.push(buildPacket({ ipv4: { options: new Uint8Array(8), fragment: 0x2000 }, tcp: {} }))
  packets.push(new Uint8Array(SHORTEST), new Uint8Array(64).fill(0xff))
  return packets
}

function randomPacket(random: Random): Uint8Array {
  if (random.oneIn(12)) {
    return Uint8Array.from({ length: SHORTEST + random.below(80) }, () => random.below(256))
  }
  const ports = { from: 1024 + random.below(3), to: random.oneIn(4) ? random.below(65536) : random.pick(PORTS) }
  const fields: PacketFields = {
    ...(random.oneIn(8) ? { ipv6: {} } : { ipv4: addresses(random) }),
    ...transport(random, ports),
    ...(random.oneIn(6) ? { vlans: random.oneIn(2) ? [{}] : [{ tagType: 0x88a8 }, { id: 7 }] } : {}),
    ...(random.oneIn(5) ? { length: SHORTEST + random.below(60) } : {}),
    payload: new Uint8Array(random.below(20)),
  }
  return buildPacket(fields)
}

function addresses(random: Random): NonNullable<PacketFields['ipv4']> {
  return {
    source: random.pick(ADDRESSES),
    destination: random.pick(ADDRESSES),
    ...(random.oneIn(10) ? { protocol: random.below(256) } : {}),
  }
}

function transport(random: Random, ports: { from: number; to: number }): PacketFields {
  if (random.oneIn(8)) return { icmp: {} }
  if (random.oneIn(3)) return { udp: ports }
  const flags = random.oneIn(2) ? 0x02 : random.below(64)
  return { tcp: { ...ports, flags } }
}
