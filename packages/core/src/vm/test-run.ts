/**
 * Packet and context as PROG_TEST_RUN makes them (net/bpf/test_run.c 6.18), so that a program sees in the VM what it
 * sees in the kernel, and what user space gets back is the same. Program types that the kernel cannot test-run get
 * their context bytes and no packet.
 */
import type { ProgramSpec } from '../object/object.ts'
import type { RunInput } from '../runtime/backend.ts'
import type { ProgramTypeRow } from '../tables/program-types.ts'
import { type Context, createContext, type LoadableContext } from './context.ts'
import { ERRNO, VmError } from './errno.ts'
import type { Memory } from './memory.ts'
import { ETH_HLEN, Packet } from './packet.ts'

/** What user space gets back. */
interface Outcome {
  readonly data: Uint8Array
  readonly ctx: Uint8Array | undefined
}

export interface Scene {
  readonly context: Context
  readonly packet: Packet | undefined
  readonly program: ProgramSpec
  readonly input: RunInput
  /** Bytes of the packet that the program does not see. */
  readonly fragments: Uint8Array | undefined
  /** Makes the outcome after a run. A function of the type, not of the run: runs come by the million. */
  readonly outcome: (scene: Scene) => Outcome
}

/** What all runs of a program use: the buffers of its packet and context. */
export interface Stage {
  readonly program: ProgramSpec
  readonly row: ProgramTypeRow
  /** Not used by types without a packet. */
  readonly packet: Packet
  readonly context: LoadableContext
}

export function createStage(memory: Memory, program: ProgramSpec, row: ProgramTypeRow): Stage {
  const packet = new Packet(memory)
  const hasPacket = row.context === 'xdp_md' || row.context === '__sk_buff'
  const context = createContext({ memory, type: program.type, row, packet: hasPacket ? packet : undefined })
  return { program, row, packet, context }
}

interface SceneInit extends Stage {
  readonly input: RunInput
}

const PAGE = 4096
/** XDP_PACKET_HEADROOM. */
const XDP_HEADROOM = 256
/** SKB_DATA_ALIGN(sizeof(struct skb_shared_info)). */
const SHARED_INFO = 320
/** NET_SKB_PAD + NET_IP_ALIGN on x86-64. */
const SKB_HEADROOM = 64
/** Multiple of 4 that a u8 holds, and that leaves room for struct xdp_frame (40 bytes). */
const MAX_METADATA = 216
/** ifindex of `lo`, the device of a test run. */
const LOOPBACK = 1

/** `input` has plain bytes. */
export function createScene(stage: Stage, input: RunInput): Scene {
  const { program, row, packet, context } = stage
  const init: SceneInit = { program, row, packet, context, input }
  switch (row.context) {
    case 'xdp_md':
      return xdpScene(init)
    case '__sk_buff':
      return skbScene(init)
    default: {
      if (input.data !== undefined && input.data.length > 0) {
        throw new VmError(`program ${program.name}: ${program.type} programs have no packet; give context bytes`)
      }
      context.load(input.ctx)
      return { context, packet: undefined, program, input, fragments: undefined, outcome: plainOutcome }
    }
  }
}

function packetBytes({ program, input }: SceneInit, max: number): Uint8Array {
  const { data } = input
  if (data === undefined || data.length < ETH_HLEN) {
    const what = `a test run needs a packet of at least ${ETH_HLEN} bytes, an Ethernet header; got ${data?.length ?? 0}`
    throw refusal(program, what)
  }
  if (data.length > max) throw refusal(program, `the packet has ${data.length} bytes; at most ${max} are possible`)
  return data
}

function refusal(program: ProgramSpec, what: string): VmError {
  return new VmError(`program ${program.name}: ${what}`, ERRNO.EINVAL)
}

function plainOutcome({ context }: Scene): Outcome {
  return { data: new Uint8Array(0), ctx: context.region.bytes.slice() }
}

function xdpScene(init: SceneInit): Scene {
  const { packet, context, program, input } = init
  const data = packetBytes(init, Number.MAX_SAFE_INTEGER)
  const { meta, linear } = xdpLayout(init, data.length)
  // Of larger packets the program sees the linear part; the rest lies in fragments and comes back untouched.
  const fragments = linear < data.length ? data.slice(linear) : undefined
  packet.load(fragments === undefined ? data : data.subarray(0, linear), {
    head: XDP_HEADROOM - meta,
    tail: PAGE - SHARED_INFO - XDP_HEADROOM - linear + meta,
    meta,
  })
  context.load(input.ctx)
  if (input.ctx === undefined) context.set('ingress_ifindex', LOOPBACK)
  return { context, packet, program, input, fragments, outcome: xdpOutcome }
}

function xdpOutcome({ context, packet, input, fragments }: Scene): Outcome {
  const { meta, data } = packet!
  const linearPart = packet!.copy(meta)
  const out = fragments === undefined ? linearPart : joined(linearPart, fragments)
  if (input.ctx === undefined) return { data: out, ctx: undefined }
  // xdp_convert_buff_to_md: positions relative to the metadata.
  context.set('data', data - meta)
  context.set('data_end', linearPart.length)
  return { data: out, ctx: context.region.bytes.slice() }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length)
  out.set(a)
  out.set(b, a.length)
  return out
}

/** A context from user space says in `data` how many bytes at the front are metadata, in `data_end` what is linear. */
function xdpLayout({ program, input }: SceneInit, length: number): { meta: number; linear: number } {
  const most = PAGE - XDP_HEADROOM - SHARED_INFO
  if (input.ctx === undefined) return { meta: 0, linear: Math.min(length, most) }
  const words = new DataView(Uint8Array.of(...input.ctx, ...new Uint8Array(24)).buffer)
  const data = words.getUint32(0, true)
  const end = words.getUint32(4, true)
  const isLayout = words.getUint32(8, true) === 0 && end <= length && data <= end
  if (!isLayout || data % 4 !== 0 || data > MAX_METADATA) {
    const what = 'xdp_md of a test run: data = bytes of metadata (a multiple of 4), data_end = bytes, data_meta = 0'
    throw new VmError(`program ${program.name}: ${what}`, ERRNO.EINVAL)
  }
  return { meta: data, linear: Math.min(end, most) }
}

/** EtherTypes in the order of their bytes. */
const ETH_P = { ip: 0x0800, ipv6: 0x86dd, min802_3: 0x0600, p802_2: 0x0004, p802_3: 0x0001 } as const

function skbScene(init: SceneInit): Scene {
  const { packet, context, program, input } = init
  const data = packetBytes(init, PAGE - SKB_HEADROOM - SHARED_INFO)
  const protocol = protocolOf(data)
  const networkLength = protocol === ETH_P.ip ? 20 : protocol === ETH_P.ipv6 ? 40 : 0
  if (data.length - ETH_HLEN < networkLength) {
    throw new VmError(`program ${program.name}: the packet ends inside its IP header`, ERRNO.EINVAL)
  }
  // All other types see the packet from the network header on.
  const isL2 = seesEthernet(program)
  packet.load(data, { head: SKB_HEADROOM, tail: PAGE - SKB_HEADROOM - data.length })
  if (!isL2) packet.data += ETH_HLEN
  packet.meta = packet.data
  packet.publish()
  context.load(input.ctx)
  if (input.ctx !== undefined) acceptSkbContext(init, context, packet)
  setSkbFields(context, data, protocol, packet)
  return { context, packet, program, input, fragments: undefined, outcome: skbOutcome }
}

function seesEthernet({ type }: ProgramSpec): boolean {
  return type === 'sched_cls' || type === 'sched_act'
}

function skbOutcome({ context, packet, program, input }: Scene): Outcome {
  const bytes = packet!.copy()
  return { data: seesEthernet(program) ? bytes : withEthernetHeader(bytes), ctx: skbContextOut(context, input.ctx) }
}

/** The kernel pushes an Ethernet header of zeros in front of what the program saw. */
function withEthernetHeader(body: Uint8Array): Uint8Array {
  const out = new Uint8Array(ETH_HLEN + body.length)
  out.set(body, ETH_HLEN)
  return out
}

/** Fields of __sk_buff that go from user space into a test run (convert___skb_to_skb) and back. */
const SKB_FIELDS = [
  'mark',
  'priority',
  'ingress_ifindex',
  'ifindex',
  'cb',
  'tstamp',
  'wire_len',
  'gso_segs',
  'gso_size',
]

/** The other fields must be zero; a context without `wire_len` gets the packet's length. */
function acceptSkbContext({ program }: SceneInit, context: Context, packet: Packet): void {
  const rest = context.region.bytes.slice()
  for (const [start, end] of skbRanges(context)) rest.fill(0, start, end)
  if (rest.some((byte) => byte !== 0)) {
    throw new VmError(`program ${program.name}: of __sk_buff only ${SKB_FIELDS.join(', ')} may be given`, ERRNO.EINVAL)
  }
  if (context.get('wire_len') === 0) context.set('wire_len', packet.length)
}

function skbRanges(context: Context): [number, number][] {
  const fields = context.row?.fields.filter((field) => SKB_FIELDS.includes(field.name)) ?? []
  return fields.map((field) => [field.offset, field.offset + (field.type.bits / 8) * (field.length ?? 1)])
}

function skbContextOut(context: Context, given: Uint8Array | undefined): Uint8Array | undefined {
  if (given === undefined) return undefined
  const { bytes } = context.region
  const out = new Uint8Array(bytes.length)
  out.set(given.subarray(0, out.length))
  for (const [start, end] of skbRanges(context)) out.set(bytes.subarray(start, end), start)
  return out
}

function setSkbFields(context: Context, data: Uint8Array, protocol: number, packet: Packet): void {
  context.set('len', packet.length)
  context.set('pkt_type', packetType(data))
  // Stored in network order.
  context.set('protocol', ((protocol & 0xff) << 8) | (protocol >> 8))
  if (context.get('ifindex') === 0) context.set('ifindex', LOOPBACK)
  const ip = new DataView(data.buffer, data.byteOffset + ETH_HLEN, data.length - ETH_HLEN)
  if (protocol === ETH_P.ip) {
    context.set('family', 2)
    // The socket of a test run has the packet's source as local and its destination as remote address.
    context.set('local_ip4', ip.getUint32(12, true))
    context.set('remote_ip4', ip.getUint32(16, true))
  } else if (protocol === ETH_P.ipv6) {
    context.set('family', 10)
    for (let i = 0; i < 4; i++) {
      context.set('local_ip6', ip.getUint32(8 + 4 * i, true), i)
      context.set('remote_ip6', ip.getUint32(24 + 4 * i, true), i)
    }
  }
}

/** eth_type_trans (net/ethernet/eth.c): lengths below 0x600 are no EtherTypes. */
function protocolOf(data: Uint8Array): number {
  const type = (data[12]! << 8) | data[13]!
  if (type >= ETH_P.min802_3) return type
  return data[14] === 0xff && data[15] === 0xff ? ETH_P.p802_3 : ETH_P.p802_2
}

/**
 * PACKET_HOST 0, _MULTICAST 2, _OTHERHOST 3. The device's own and its broadcast address are all zeros, so that
 * ff:ff:ff:ff:ff:ff counts as multicast.
 */
function packetType(data: Uint8Array): number {
  const destination = data.subarray(0, 6)
  if ((destination[0]! & 1) !== 0) return 2
  return destination.every((byte) => byte === 0) ? 0 : 3
}
