/**
 * Header layouts of the built-in protocols: the accessors `(eth-type p)`, `(setf (ipv4-ttl p) 64)` and the packet views
 * of `.bpf.ts`. A field with `order: 'net'` is swapped when it is read or written; addresses are left as they lie in the
 * packet, so that they compare with addresses in maps. Layouts after RFC 791, 8200, 9293, 768, 792, 826 and IEEE 802.1Q.
 */
import type { IntType } from '../types/types.ts'
import { u8, u16, u32, u64 } from '../types/types.ts'

export interface HeaderField {
  /** Bytes from the start of the header. */
  readonly offset: number
  readonly type: IntType
}

export interface HeaderRow {
  /** Bytes without options. */
  readonly size: number
  readonly doc: string
  /** By kernel spelling; the Lisp accessor is `HEADER-FIELD` with hyphens. */
  readonly fields: Readonly<Record<string, HeaderField>>
}

const net16: IntType = { ...u16, order: 'net' }
const net32: IntType = { ...u32, order: 'net' }
const at = (offset: number, type: IntType): HeaderField => ({ offset, type })

export const HEADERS = {
  eth: {
    size: 14,
    doc: 'Ethernet. MAC addresses are read in two parts: 4 bytes (hi) and 2 bytes (lo).',
    fields: {
      dst_mac_hi: at(0, u32),
      dst_mac_lo: at(4, u16),
      src_mac_hi: at(6, u32),
      src_mac_lo: at(10, u16),
      type: at(12, net16),
    },
  },
  vlan: {
    size: 4,
    doc: 'What follows an EtherType of 0x8100: tag and inner EtherType.',
    fields: { tci: at(0, net16), type: at(2, net16) },
  },
  arp: {
    size: 28,
    doc: 'ARP for Ethernet and IPv4.',
    fields: {
      hw_type: at(0, net16),
      proto_type: at(2, net16),
      hw_len: at(4, u8),
      proto_len: at(5, u8),
      op: at(6, net16),
      sender_mac_hi: at(8, u32),
      sender_mac_lo: at(12, u16),
      sender_addr: at(14, u32),
      target_mac_hi: at(18, u32),
      target_mac_lo: at(22, u16),
      target_addr: at(24, u32),
    },
  },
  ipv4: {
    size: 20,
    doc: 'IPv4 without options.',
    fields: {
      ver_ihl: at(0, u8),
      tos: at(1, u8),
      total_len: at(2, net16),
      id: at(4, net16),
      frag_off: at(6, net16),
      ttl: at(8, u8),
      protocol: at(9, u8),
      checksum: at(10, net16),
      src_addr: at(12, u32),
      dst_addr: at(16, u32),
    },
  },
  ipv6: {
    size: 40,
    doc: 'IPv6. Addresses are read in two halves.',
    fields: {
      ver_tc_flow: at(0, net32),
      payload_len: at(4, net16),
      nexthdr: at(6, u8),
      hop_limit: at(7, u8),
      src_addr_hi: at(8, u64),
      src_addr_lo: at(16, u64),
      dst_addr_hi: at(24, u64),
      dst_addr_lo: at(32, u64),
    },
  },
  tcp: {
    size: 20,
    doc: 'TCP without options. The header length in words is the high half of data_off.',
    fields: {
      src_port: at(0, net16),
      dst_port: at(2, net16),
      seq: at(4, net32),
      ack_seq: at(8, net32),
      data_off: at(12, u8),
      flags: at(13, u8),
      window: at(14, net16),
      checksum: at(16, net16),
      urgent: at(18, net16),
    },
  },
  udp: {
    size: 8,
    doc: 'UDP.',
    fields: { src_port: at(0, net16), dst_port: at(2, net16), length: at(4, net16), checksum: at(6, net16) },
  },
  icmp: {
    size: 8,
    doc: 'ICMP and ICMPv6. Echo messages have id and sequence in the last four bytes.',
    fields: {
      type: at(0, u8),
      code: at(1, u8),
      checksum: at(2, net16),
      rest: at(4, net32),
      id: at(4, net16),
      sequence: at(6, net16),
    },
  },
} as const satisfies Record<string, HeaderRow>

export type HeaderName = keyof typeof HEADERS

export interface HeaderAccessor {
  readonly header: HeaderName
  /** Kernel spelling. */
  readonly field: string
  readonly offset: number
  readonly type: IntType
}

const byLispName: ReadonlyMap<string, HeaderAccessor> = new Map(
  Object.entries<HeaderRow>(HEADERS).flatMap(([header, row]) =>
    Object.entries(row.fields).map(([field, place]): [string, HeaderAccessor] => [
      `${header}-${field.replaceAll('_', '-')}`,
      { header: header as HeaderName, field, ...place },
    ]),
  ),
)

/** All accessor names in Lisp spelling, for hints and docs. */
export const HEADER_ACCESSOR_NAMES: readonly string[] = [...byLispName.keys()]

/** By Lisp name in any case: `eth-dst-mac-hi`. */
export function headerAccessor(name: string): HeaderAccessor | undefined {
  return byLispName.get(name.toLowerCase())
}
