/**
 * Builders and parser: what was built is read back, and checksums agree with a computation of another kind (bit by bit
 * after RFC 1071's definition, and tcpdump where it is installed).
 */
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writePcap } from '../../packages/core/src/packets/pcap.ts'
import {
  arpOptions,
  damagedPacket,
  icmpOptions,
  packet,
  tcpOptions,
  udpOptions,
} from '../../packages/unplugin-bpf/src/testing/fast-check.ts'
import {
  arp,
  ethernet,
  formatPacket,
  icmp,
  icmp6,
  ip,
  parsePacket,
  tcp,
  udp,
} from '../../packages/unplugin-bpf/src/testing/index.ts'

describe('round trips', () => {
  it('TCP', () => {
    fc.assert(
      fc.property(tcpOptions(), (options) => {
        const { ip: net, tcp: read, vlans, eth, payload, problems } = parsePacket(tcp(options))
        expect(problems).toEqual([])
        const { sport, dport, seq, ack, window } = options
        expect(read).toMatchObject({ sport, dport, seq, ack, window })
        expect(net).toMatchObject({
          src: options.src,
          dst: options.dst,
          ttl: options.ttl,
          tos: options.tos,
          protocol: 6,
        })
        expect(vlans.map(({ id }) => id)).toEqual(options.vlan)
        expect(eth).toMatchObject({ src: options.smac, dst: options.dmac })
        expect(payload).toEqual(options.payload)
        // Letters are another notation for the same byte.
        expect(tcp({ ...options, flags: read!.flags })).toEqual(tcp(options))
      }),
    )
  })

  it('UDP and ICMP', () => {
    fc.assert(
      fc.property(udpOptions(), icmpOptions(), (u, i) => {
        const first = parsePacket(udp(u))
        expect(first.problems).toEqual([])
        expect(first.udp).toMatchObject({ sport: u.sport, dport: u.dport })
        const second = parsePacket(icmp(i))
        expect(second.problems).toEqual([])
        expect(second.icmp).toMatchObject({ id: i.id, seq: i.seq, code: i.code })
        expect(second.payload).toEqual(i.payload)
      }),
    )
  })

  it('ARP', () => {
    fc.assert(
      fc.property(arpOptions(), (options) => {
        expect(parsePacket(arp(options)).arp).toEqual(options)
      }),
    )
  })

  it('other protocols', () => {
    expect(parsePacket(ip({ protocol: 47, payload: 'x' })).ip).toMatchObject({ protocol: 47, length: 21 })
    expect(parsePacket(ethernet({ type: 0x88cc, payload: 'x' })).eth?.type).toBe(0x88cc)
    expect(parsePacket(icmp6()).icmp?.type).toBe(128)
    const options = Uint8Array.of(2, 4, 5, 0xb4)
    expect(parsePacket(tcp({ options })).tcp?.options).toEqual(options)
  })
})

it('the parser takes anything', () => {
  fc.assert(
    fc.property(damagedPacket(), (bytes) => {
      expect(parsePacket(bytes).bytes).toBe(bytes)
      expect(formatPacket(bytes)).not.toBe('')
    }),
  )
  expect(parsePacket(new Uint8Array(3)).problems).toEqual(['3 bytes: an Ethernet header has 14'])
})

/** RFC 1071's definition on bits: add words with end-around carry one at a time, take the complement. */
function sum(bytes: readonly number[]): number {
  let total = 0
  for (let i = 0; i < bytes.length; i += 2) {
    total += bytes[i]! * 256 + (bytes[i + 1] ?? 0)
    if (total >= 0x10000) total = total - 0x10000 + 1
  }
  return 0xffff - total
}

it('checksums agree with another computation', () => {
  fc.assert(
    fc.property(tcpOptions({ vlan: [], src: '192.0.2.1', dst: '198.51.100.7' }), (options) => {
      const bytes = [...tcp(options)]
      const header = bytes.slice(14, 34)
      expect(sum([...header.slice(0, 10), 0, 0, ...header.slice(12)])).toBe(header[10]! * 256 + header[11]!)
      const segment = bytes.slice(34)
      const pseudo = [...header.slice(12, 20), 0, 6, segment.length >> 8, segment.length & 255]
      const given = segment[16]! * 256 + segment[17]!
      expect(sum([...pseudo, ...segment.slice(0, 16), 0, 0, ...segment.slice(18)])).toBe(given)
    }),
  )
})

const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0

describe.skipIf(!hasTcpdump)(`tcpdump${hasTcpdump ? '' : ' (skipped: not installed)'}`, () => {
  it('finds every checksum right', () => {
    const packets = fc.sample(packet(), { numRuns: 200, seed: 1 })
    const input = writePcap(packets.map((bytes) => ({ bytes })))
    const { stdout, status } = spawnSync('tcpdump', ['-nn', '-vv', '-r', '-'], { input, encoding: 'utf8' })
    expect(status).toBe(0)
    expect(stdout).toContain('(correct)')
    expect(stdout).not.toMatch(/incorrect|bad (udp |icmp6? )?cksum|wrong/)
  })

  it('names the same addresses, ports and flags', () => {
    const input = writePcap([{ bytes: tcp({ src: '10.1.2.3', dst: '10.4.5.6', sport: 7, dport: 8, flags: 'SA' }) }])
    const { stdout } = spawnSync('tcpdump', ['-nn', '-r', '-'], { input, encoding: 'utf8' })
    expect(stdout).toContain('10.1.2.3.7 > 10.4.5.6.8: Flags [S.]')
  })
})

it('wrong input says what is wrong', () => {
  expect(() => tcp({ dport: 70000 })).toThrow('tcp.dport: expected an integer from 0 to 65535, got 70000')
  expect(() => tcp({ flags: 'SX' })).toThrow('tcp.flags: expected letters of FSRPAUEC, got "SX"')
  expect(() => tcp({ dprt: 1 } as object)).toThrow('tcp: no field dprt; did you mean dport?')
  expect(() => tcp({ src: '10.0.0' })).toThrow('ipv4.source: expected an IPv4 address')
  expect(() => arp({ op: -1 })).toThrow('arp.op')
  expect(() => ethernet({ vlan: 5000 })).toThrow('vlan: expected an integer from 0 to 4095')
})

it('problems are named', () => {
  const bytes = tcp({ dport: 80 })
  bytes[50] = bytes[50]! ^ 1
  expect(parsePacket(bytes).problems).toEqual(['wrong TCP checksum'])
  expect(parsePacket(tcp({ ipChecksum: 1 })).problems).toEqual(['wrong IPv4 header checksum'])
  expect(parsePacket(tcp().subarray(0, 40)).problems).toEqual([
    'the IP packet is 14 bytes longer than the frame',
    'the transport header needs 20 bytes, 6 are left',
  ])
})

it('one line per packet', () => {
  expect(formatPacket(tcp({ dport: 443, flags: 'SA', ack: 5, vlan: 7, payload: 'hi' }))).toBe(
    'VLAN 7 10.0.0.1:40000 > 10.0.0.2:443 TCP SA seq 1 ack 5 win 65535, 2 bytes',
  )
  expect(formatPacket(udp({ src: 'fd00::1', dst: 'fd00::2' }))).toBe('[fd00::1]:40000 > [fd00::2]:53 UDP, 0 bytes')
  expect(formatPacket(icmp({ id: 1, seq: 2 }))).toBe('10.0.0.1 > 10.0.0.2 ICMP type 8 code 0 id 1 seq 2, 0 bytes')
  expect(formatPacket(arp())).toBe('ARP who has 10.0.0.2? tell 10.0.0.1 (02:00:00:00:00:01)')
})
