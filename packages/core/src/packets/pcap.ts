/**
 * Capture files: reads pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), of either byte order, and
 * writes pcap. Own code: of the npm packages one is abandoned and none reads pcapng without streams of Node.
 *
 *   in:  untrusted bytes
 *   out: packets in the order of the file; `PcapError` names the place of what is malformed
 *
 * Link types: Ethernet as it is; raw IP, loopback (NULL) and Linux cooked captures get an Ethernet header of zeros.
 */

export interface CapturedPacket {
  /** From the Ethernet header on. */
  readonly bytes: Uint8Array
  /** Nanoseconds since 1970; undefined where the file does not say. */
  readonly time?: bigint | undefined
  /** Bytes on the wire, when the capture kept fewer. */
  readonly originalLength?: number | undefined
}

export class PcapError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PcapError'
  }
}

/** A view of the file with bounds that are named when they are crossed. */
interface Source {
  readonly bytes: Uint8Array
  readonly view: DataView
  little: boolean
}

export function readPcap(file: Uint8Array): CapturedPacket[] {
  const source: Source = { bytes: file, view: new DataView(file.buffer, file.byteOffset, file.length), little: true }
  if (file.length < 4) throw new PcapError(`${file.length} bytes are no capture file`)
  const magic = source.view.getUint32(0, true)
  if (magic === SECTION_HEADER) return readPcapng(source)
  const known = PCAP_MAGICS[magic.toString(16)]
  if (known === undefined) {
    throw new PcapError(`no capture file: it begins with 0x${magic.toString(16)}; pcap and pcapng are known`)
  }
  return readClassic({ ...source, little: known.little }, known.unit)
}

/** Magic read as little-endian: byte order, nanoseconds of a fraction's unit. */
const PCAP_MAGICS: Readonly<Record<string, { little: boolean; unit: bigint }>> = {
  a1b2c3d4: { little: true, unit: 1000n },
  d4c3b2a1: { little: false, unit: 1000n },
  a1b23c4d: { little: true, unit: 1n },
  '4d3cb2a1': { little: false, unit: 1n },
}

function u32(source: Source, at: number): number {
  need(source, at, 4)
  return source.view.getUint32(at, source.little)
}

function u16(source: Source, at: number): number {
  need(source, at, 2)
  return source.view.getUint16(at, source.little)
}

function need({ bytes }: Source, at: number, length: number): void {
  if (at + length > bytes.length) {
    throw new PcapError(`the file ends at byte ${bytes.length}, ${at + length - bytes.length} bytes too early`)
  }
}

const PCAP_HEADER = 24
const RECORD_HEADER = 16

function readClassic(source: Source, unit: bigint): CapturedPacket[] {
  const link = u32(source, 20) & 0xffff
  const packets: CapturedPacket[] = []
  let at = PCAP_HEADER
  while (at < source.bytes.length) {
    const length = u32(source, at + 8)
    need(source, at, RECORD_HEADER + length)
    const data = source.bytes.slice(at + RECORD_HEADER, at + RECORD_HEADER + length)
    const time = BigInt(u32(source, at)) * 1_000_000_000n + BigInt(u32(source, at + 4)) * unit
    packets.push(captured(data, link, { time, originalLength: u32(source, at + 12) }))
    at += RECORD_HEADER + length
  }
  return packets
}

const SECTION_HEADER = 0x0a0d0d0a
const BLOCK = { interface: 1, simple: 3, enhanced: 6 } as const
const BYTE_ORDER_MAGIC = 0x1a2b3c4d

interface Interface {
  readonly link: number
  /** Time stamps: units of 1 / perSecond. */
  readonly perSecond: bigint
  readonly offset: bigint
  readonly snapLength: number
}

function readPcapng(source: Source): CapturedPacket[] {
  const packets: CapturedPacket[] = []
  let interfaces: Interface[] = []
  let at = 0
  while (at < source.bytes.length) {
    need(source, at, 12)
    const isSection = source.view.getUint32(at, true) === SECTION_HEADER
    // A section states its byte order, and begins with no interfaces.
    if (isSection) {
      source.little = source.view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC
      if (u32(source, at + 8) !== BYTE_ORDER_MAGIC) throw new PcapError(`byte ${at}: a section without byte order`)
      interfaces = []
    }
    const type = u32(source, at)
    const length = u32(source, at + 4)
    if (length < 12 || length % 4 !== 0) throw new PcapError(`byte ${at}: a block cannot have ${length} bytes`)
    need(source, at, length)
    if (type === BLOCK.interface) interfaces.push(readInterface(source, at, at + length - 4))
    else if (type === BLOCK.enhanced) packets.push(readEnhanced(source, at, { interfaces, end: at + length - 4 }))
    else if (type === BLOCK.simple) packets.push(readSimple(source, at, { interfaces, end: at + length - 4 }))
    at += length
  }
  return packets
}

const OPTION = { end: 0, timeResolution: 9, timeOffset: 14 } as const

function readInterface(source: Source, at: number, end: number): Interface {
  let perSecond = 1_000_000n
  let offset = 0n
  for (let option = at + 16; option + 4 <= end; ) {
    const code = u16(source, option)
    const length = u16(source, option + 2)
    if (code === OPTION.end) break
    need(source, option + 4, length)
    if (code === OPTION.timeResolution && length > 0) perSecond = resolution(source.bytes[option + 4]!)
    if (code === OPTION.timeOffset && length === 8) offset = source.view.getBigInt64(option + 4, source.little)
    option += 4 + Math.ceil(length / 4) * 4
  }
  return { link: u16(source, at + 8), perSecond, offset, snapLength: u32(source, at + 12) }
}

/** A power of ten, or with the top bit of two. */
function resolution(byte: number): bigint {
  return byte & 0x80 ? 1n << BigInt(byte & 0x7f) : 10n ** BigInt(byte)
}

interface Block {
  readonly interfaces: readonly Interface[]
  readonly end: number
}

function interfaceAt({ interfaces }: Block, index: number, at: number): Interface {
  const found = interfaces[index]
  if (found === undefined) throw new PcapError(`byte ${at}: interface ${index} is not described before its packet`)
  return found
}

function readEnhanced(source: Source, at: number, block: Block): CapturedPacket {
  const { link, perSecond, offset } = interfaceAt(block, u32(source, at + 8), at)
  const units = (BigInt(u32(source, at + 12)) << 32n) | BigInt(u32(source, at + 16))
  const length = u32(source, at + 20)
  const data = blockData(source, at + 28, { length, end: block.end })
  const time = (units * 1_000_000_000n) / perSecond + offset * 1_000_000_000n
  return captured(data, link, { time, originalLength: u32(source, at + 24) })
}

function readSimple(source: Source, at: number, block: Block): CapturedPacket {
  const { link, snapLength } = interfaceAt(block, 0, at)
  const originalLength = u32(source, at + 8)
  const length = Math.min(originalLength, snapLength || originalLength)
  return captured(blockData(source, at + 12, { length, end: block.end }), link, { originalLength })
}

function blockData(source: Source, at: number, { length, end }: { length: number; end: number }): Uint8Array {
  if (at + length > end) throw new PcapError(`byte ${at}: a packet of ${length} bytes in a block that ends before`)
  return source.bytes.slice(at, at + length)
}

/** LINKTYPE_* numbers and what stands in front of the network header. */
const LINK = { null: 0, ethernet: 1, raw: 101, loop: 108, linuxCooked: 113, ipv4: 228, ipv6: 229 } as const

function captured(
  data: Uint8Array,
  link: number,
  { time, originalLength }: { readonly time?: bigint; readonly originalLength: number },
): CapturedPacket {
  const bytes = toEthernet(data, link)
  const cut = originalLength > data.length ? { originalLength } : {}
  return { bytes, ...(time !== undefined && { time }), ...cut }
}

function toEthernet(data: Uint8Array, link: number): Uint8Array {
  switch (link) {
    case LINK.ethernet:
      return data
    case LINK.raw:
    case LINK.ipv4:
    case LINK.ipv6:
      return withHeader(data, data[0]! >> 4 === 6 ? 0x86dd : 0x0800)
    case LINK.null:
    case LINK.loop: {
      const body = data.subarray(4)
      return withHeader(body, body[0]! >> 4 === 6 ? 0x86dd : 0x0800)
    }
    case LINK.linuxCooked:
      return withHeader(data.subarray(16), ((data[14] ?? 0) << 8) | (data[15] ?? 0))
    default:
      throw new PcapError(`link type ${link} is not known; Ethernet, raw IP, loopback and Linux cooked are`)
  }
}

function withHeader(body: Uint8Array, type: number): Uint8Array {
  const out = new Uint8Array(14 + body.length)
  new DataView(out.buffer).setUint16(12, type)
  out.set(body, 14)
  return out
}

/** A pcap file of Ethernet packets, with nanoseconds. */
export function writePcap(packets: Iterable<CapturedPacket>): Uint8Array {
  const list = [...packets]
  const size = list.reduce((sum, { bytes }) => sum + RECORD_HEADER + bytes.length, PCAP_HEADER)
  const out = new Uint8Array(size)
  const view = new DataView(out.buffer)
  view.setUint32(0, 0xa1b23c4d, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, 0x40000, true)
  view.setUint32(20, LINK.ethernet, true)
  let at = PCAP_HEADER
  for (const { bytes, time = 0n, originalLength } of list) {
    view.setUint32(at, Number(time / 1_000_000_000n), true)
    view.setUint32(at + 4, Number(time % 1_000_000_000n), true)
    view.setUint32(at + 8, bytes.length, true)
    view.setUint32(at + 12, originalLength ?? bytes.length, true)
    out.set(bytes, at + RECORD_HEADER)
    at += RECORD_HEADER + bytes.length
  }
  return out
}
