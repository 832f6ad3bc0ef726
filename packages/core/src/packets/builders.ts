/**
 * Packets by protocol with flat fields, as tests write them: `tcp({ src: '10.0.0.1', dport: 443, flags: 'S' })`. An
 * address with a colon makes it IPv6. Lengths and checksums follow; values that do not fit their field are RangeErrors.
 */
import { nearName } from '../runtime/near.ts'
import {
  buildPacket,
  FLAG_BITS,
  type Ipv4Fields,
  type Ipv6Fields,
  type PacketFields,
  type TcpFlag,
  type VlanFields,
} from './packets.ts'

export interface LinkOptions {
  /** MAC addresses. */
  readonly smac?: string | undefined
  readonly dmac?: string | undefined
  /** VLAN id, or tags from the outside in. */
  readonly vlan?: number | readonly (number | VlanFields)[] | undefined
  /** A string is sent as UTF-8. */
  readonly payload?: Uint8Array | string | undefined
  /** Cuts or zero-pads the frame to this many bytes. */
  readonly length?: number | undefined
}

export interface IpOptions extends LinkOptions {
  readonly src?: string | undefined
  readonly dst?: string | undefined
  /** Default: 6 when an address has a colon, else 4. */
  readonly version?: 4 | 6 | undefined
  /** Hop limit of IPv6. */
  readonly ttl?: number | undefined
  /** Traffic class of IPv6. */
  readonly tos?: number | undefined
  /** IPv4: identification, and flags with fragment offset as one 16-bit word. */
  readonly id?: number | undefined
  readonly fragment?: number | undefined
  readonly ipOptions?: Uint8Array | undefined
  readonly flowLabel?: number | undefined
  /** Wrong on purpose; the right one otherwise. */
  readonly ipChecksum?: number | undefined
  readonly checksum?: number | undefined
}

export interface TcpOptions extends IpOptions {
  readonly sport?: number | undefined
  readonly dport?: number | undefined
  /** Letters of FSRPAUEC (`.` is A, as tcpdump writes it), names, or the byte. Default: none. */
  readonly flags?: string | readonly TcpFlag[] | number | undefined
  readonly seq?: number | undefined
  readonly ack?: number | undefined
  readonly window?: number | undefined
  readonly urgent?: number | undefined
  readonly options?: Uint8Array | undefined
}

export interface UdpOptions extends IpOptions {
  readonly sport?: number | undefined
  readonly dport?: number | undefined
}

export interface IcmpOptions extends Omit<IpOptions, 'id'> {
  readonly type?: number | undefined
  readonly code?: number | undefined
  /** Identifier and sequence number of an echo. */
  readonly id?: number | undefined
  readonly seq?: number | undefined
}

export interface ArpOptions extends LinkOptions {
  readonly op?: 'request' | 'reply' | number | undefined
  readonly senderMac?: string | undefined
  readonly senderIp?: string | undefined
  readonly targetMac?: string | undefined
  readonly targetIp?: string | undefined
}

/** IPv4 or IPv6 with any protocol number; `payload` is what follows the header. */
export interface IpPacketOptions extends IpOptions {
  readonly protocol?: number | undefined
}

export interface EthernetOptions extends LinkOptions {
  readonly type?: number | undefined
}

export function tcp(options: TcpOptions = {}): Uint8Array {
  const { sport, dport, seq, ack, window, urgent } = options
  const numbers = { sport: [sport, 16], dport: [dport, 16], seq: [seq, 32], ack: [ack, 32] } as const
  check('tcp', options, [...IP_NAMES, ...Object.keys(numbers), 'flags', 'window', 'urgent', 'options'], {
    ...numbers,
    window: [window, 16],
    urgent: [urgent, 16],
  })
  return build(options, {
    tcp: clean({
      from: sport,
      to: dport,
      sequence: seq,
      acknowledgement: ack,
      flags: tcpFlagBits(options.flags ?? 0),
      window,
      urgent,
      options: options.options,
      checksum: options.checksum,
    }),
  })
}

export function udp(options: UdpOptions = {}): Uint8Array {
  const { sport, dport, checksum } = options
  check('udp', options, [...IP_NAMES, 'sport', 'dport'], { sport: [sport, 16], dport: [dport, 16] })
  return build(options, { udp: clean({ from: sport, to: dport, checksum }) })
}

/** An IPv4 echo request by default; with IPv6 addresses an ICMPv6 one. */
export function icmp(options: IcmpOptions = {}): Uint8Array {
  const { type, code, id = 0, seq = 0, checksum, ...ip } = options
  check('icmp', options, [...IP_NAMES, 'type', 'code', 'seq'], {
    type: [type, 8],
    code: [code, 8],
    id: [id, 16],
    seq: [seq, 16],
  })
  const echo = isIpv6(options) ? 128 : 8
  return build(ip, { icmp: clean({ type: type ?? echo, code, rest: ((id << 16) | seq) >>> 0, checksum }) })
}

export function icmp6(options: IcmpOptions = {}): Uint8Array {
  return icmp({ version: 6, ...options })
}

export function arp(options: ArpOptions = {}): Uint8Array {
  const { op = 'request', senderMac, senderIp, targetMac, targetIp } = options
  check('arp', options, [...LINK_NAMES, 'op', 'senderMac', 'senderIp', 'targetMac', 'targetIp'], {})
  const operation = op === 'request' ? 1 : op === 'reply' ? 2 : op
  checkNumber('arp.op', operation, 16)
  const link = op === 'request' ? { dmac: 'ff:ff:ff:ff:ff:ff', ...options } : options
  return buildPacket({
    ...linkFields(link),
    arp: clean({ operation, senderMac, senderIp, targetMac, targetIp }),
  })
}

export function ip(options: IpPacketOptions = {}): Uint8Array {
  const { protocol } = options
  check('ip', options, [...IP_NAMES, 'protocol'], { protocol: [protocol, 8] })
  return build(options, {}, protocol)
}

export function ethernet(options: EthernetOptions = {}): Uint8Array {
  const { type } = options
  check('ethernet', options, [...LINK_NAMES, 'type'], { type: [type, 16] })
  const { ethernet: link, ...rest } = linkFields(options)
  return buildPacket({ ...rest, ethernet: { ...link, ...(type !== undefined && { type }) } })
}

const LINK_NAMES = ['smac', 'dmac', 'vlan', 'payload', 'length']
const IP_NAMES = [
  ...LINK_NAMES,
  ...['src', 'dst', 'version', 'ttl', 'tos', 'id', 'fragment', 'ipOptions', 'flowLabel', 'ipChecksum', 'checksum'],
]
type Sized = Readonly<Record<string, readonly [number | undefined, number]>>

/** Names and ranges of one call: a misspelt field would be a test of nothing. */
function check(what: string, options: object, names: readonly string[], sized: Sized): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue
    const near = nearName(name, names)
    throw new TypeError(`${what}: no field ${name}; ${near ? `did you mean ${near}?` : `it has ${names.join(', ')}`}`)
  }
  for (const [name, [value, bits]] of Object.entries(sized)) checkNumber(`${what}.${name}`, value, bits)
  const { ttl, tos, length, ipChecksum, checksum, flowLabel, fragment } = options as IpOptions
  checkNumber(`${what}.ttl`, ttl, 8)
  checkNumber(`${what}.tos`, tos, 8)
  checkNumber(`${what}.flowLabel`, flowLabel, 20)
  checkNumber(`${what}.fragment`, fragment, 16)
  checkNumber(`${what}.ipChecksum`, ipChecksum, 16)
  checkNumber(`${what}.checksum`, checksum, 16)
  checkNumber(`${what}.length`, length, 16)
}

function checkNumber(path: string, value: number | undefined, bits: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value < 2 ** bits)) return
  throw new RangeError(`${path}: expected an integer from 0 to ${2 ** bits - 1}, got ${String(value)}`)
}

function build(options: IpOptions, transport: PacketFields, protocol?: number): Uint8Array {
  const { src, dst, ttl, tos, id, fragment, ipOptions, ipChecksum, flowLabel } = options
  const address = clean({ source: src, destination: dst })
  const v4 = { ttl, tos, id, fragment, options: ipOptions, checksum: ipChecksum, protocol }
  const network = isIpv6(options)
    ? { ipv6: clean<Ipv6Fields>({ ...address, hopLimit: ttl, trafficClass: tos, flowLabel, nextHeader: protocol }) }
    : { ipv4: clean<Ipv4Fields>({ ...address, ...v4 }) }
  return buildPacket({ ...linkFields(options), ...network, ...transport })
}

function isIpv6({ version, src, dst }: IpOptions): boolean {
  return version === undefined ? `${src}${dst}`.includes(':') : version === 6
}

function linkFields({ smac, dmac, vlan, payload, length }: LinkOptions): PacketFields {
  const tags = vlan === undefined ? [] : typeof vlan === 'number' ? [vlan] : vlan
  const vlans = tags.map((tag) => (typeof tag === 'number' ? { id: tag } : tag))
  for (const { id } of vlans) checkNumber('vlan', id, 12)
  return clean({
    ethernet: clean({ source: smac, destination: dmac }),
    vlans,
    payload: typeof payload === 'string' ? new TextEncoder().encode(payload) : payload,
    length,
  })
}

const LETTERS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(FLAG_BITS).map(([name, bit]) => [name[0]!.toUpperCase(), bit])),
  '.': FLAG_BITS.ack,
}

/** `'SA'`, `'S.'`, `['syn', 'ack']` or 18 -> 18. */
export function tcpFlagBits(flags: string | readonly TcpFlag[] | number): number {
  if (typeof flags === 'number') {
    checkNumber('tcp.flags', flags, 8)
    return flags
  }
  const [parts, table] = typeof flags === 'string' ? [[...flags.toUpperCase()], LETTERS] : [flags, FLAG_BITS]
  return parts.reduce((bits, part) => {
    const bit = Object.hasOwn(table, part) ? (table as Readonly<Record<string, number>>)[part]! : 0
    if (bit === 0) throw new TypeError(`tcp.flags: expected letters of FSRPAUEC, got ${JSON.stringify(flags)}`)
    return bits | bit
  }, 0)
}

/** 18 -> `'SA'`, in the order of the bits. */
export function tcpFlagLetters(bits: number): string {
  return Object.entries(FLAG_BITS)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name[0]!.toUpperCase())
    .join('')
}

/** Without the members that are undefined, which stand for the defaults of `buildPacket`. */
function clean<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}
