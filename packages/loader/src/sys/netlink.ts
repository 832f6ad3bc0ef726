/**
 * Route netlink: one request, its answers, one acknowledgement. Used where the kernel has no BPF links yet.
 *
 *   nlmsghdr (16)  length u32 | type u16 | flags u16 | sequence u32 | port u32    then a family header and attributes
 *   attribute      length u16 | type u16 | payload, padded to 4 bytes; nested ones hold attributes
 */
import { closeFd, syscall } from './syscall.ts'

/** include/uapi/linux/rtnetlink.h */
export const RTM = { SETLINK: 19, NEWQDISC: 36, DELQDISC: 37, NEWTFILTER: 44, DELTFILTER: 45, GETTFILTER: 46 } as const
/** include/uapi/linux/netlink.h */
export const NLM = { REQUEST: 1, ACK: 4, ECHO: 8, REPLACE: 0x100, EXCL: 0x200, CREATE: 0x400, DUMP: 0x300 } as const
const NLMSG = { ERROR: 2, DONE: 3 } as const
const NLA_F_NESTED = 0x8000
const NLA_TYPE = 0x3fff

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const SOL_NETLINK = 270
/** Errors come with a text and without a copy of the request. */
const OPTIONS = { CAP_ACK: 10, EXT_ACK: 11 } as const
const NLMSGERR_ATTR_MSG = 1
const HEADER = 16
const RECEIVE_BYTES = 64 * 1024

export interface NetlinkRequest {
  readonly type: number
  /** Besides REQUEST and ACK. */
  readonly flags: number
  /** Family header and attributes. */
  readonly body: Uint8Array
}

export interface NetlinkAnswer {
  /** 0, or a positive errno. */
  readonly errno: number
  /** The kernel's own explanation. */
  readonly message: string | undefined
  /** Bodies of the messages that came before the acknowledgement. */
  readonly bodies: readonly Uint8Array[]
}

export function netlink(request: NetlinkRequest): NetlinkAnswer {
  const socket = syscall('socket', AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)
  if (socket < 0) return { errno: -socket, message: undefined, bodies: [] }
  try {
    const on = new Uint8Array([1, 0, 0, 0])
    for (const option of Object.values(OPTIONS)) syscall('setsockopt', socket, SOL_NETLINK, option, on, on.length)
    const message = encodeRequest(request)
    const sent = syscall('sendto', socket, message, message.length, 0, undefined, 0)
    if (sent < 0) return { errno: -sent, message: undefined, bodies: [] }
    return receiveAnswer(socket)
  } finally {
    closeFd(socket)
  }
}

function encodeRequest({ type, flags, body }: NetlinkRequest): Uint8Array {
  const bytes = new Uint8Array(HEADER + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length, true)
  view.setUint16(4, type, true)
  view.setUint16(6, flags | NLM.REQUEST | NLM.ACK, true)
  view.setUint32(8, 1, true)
  bytes.set(body, HEADER)
  return bytes
}

function receiveAnswer(socket: number): NetlinkAnswer {
  const bodies: Uint8Array[] = []
  const buffer = new Uint8Array(RECEIVE_BYTES)
  for (;;) {
    const length = syscall('recvfrom', socket, buffer, buffer.length, 0, undefined, undefined)
    if (length <= 0) return { errno: -length, message: undefined, bodies }
    const view = new DataView(buffer.buffer, 0, length)
    for (let at = 0; at + HEADER <= length; ) {
      const size = view.getUint32(at, true)
      const type = view.getUint16(at + 4, true)
      const body = buffer.slice(at + HEADER, at + size)
      if (type === NLMSG.DONE) return { errno: 0, message: undefined, bodies }
      if (type === NLMSG.ERROR) return { ...decodeError(body), bodies }
      bodies.push(body)
      at += (size + 3) & ~3
    }
  }
}

/** struct nlmsgerr: error s32, the request's header; then, because of CAP_ACK, attributes. */
function decodeError(body: Uint8Array): { errno: number; message: string | undefined } {
  const errno = -new DataView(body.buffer, body.byteOffset).getInt32(0, true)
  const text = readAttributes(body.subarray(4 + HEADER)).get(NLMSGERR_ATTR_MSG)
  return { errno, message: text && new TextDecoder().decode(text.subarray(0, text.indexOf(0))) }
}

export function attribute(type: number, payload: Uint8Array): Uint8Array {
  const length = 4 + payload.length
  const bytes = new Uint8Array((length + 3) & ~3)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, length, true)
  view.setUint16(2, type, true)
  bytes.set(payload, 4)
  return bytes
}

export function nested(type: number, ...attributes: readonly Uint8Array[]): Uint8Array {
  return attribute(type | NLA_F_NESTED, concat(...attributes))
}

export function u32Attribute(type: number, value: number): Uint8Array {
  const payload = new Uint8Array(4)
  new DataView(payload.buffer).setUint32(0, value, true)
  return attribute(type, payload)
}

export function stringAttribute(type: number, text: string): Uint8Array {
  return attribute(type, new TextEncoder().encode(`${text}\0`))
}

export function readAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found = new Map<number, Uint8Array>()
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true)
    if (length < 4) break
    found.set(view.getUint16(at + 2, true) & NLA_TYPE, bytes.subarray(at + 4, at + length))
    at += (length + 3) & ~3
  }
  return found
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((n, part) => n + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
