/**
 * TC before TCX: a `bpf` filter with direct action on a clsact qdisc, by netlink. The qdisc is made when it is missing,
 * and removed again with the last filter when we made it.
 */
import { SyscallError } from '../errors.ts'
import { kernelName } from '../sys/attr.ts'
import { ERRNO } from '../sys/errno.ts'
import { concat, type NetlinkAnswer, NLM, nested, netlink, RTM, stringAttribute, u32Attribute } from '../sys/netlink.ts'
import { type KernelLink, makeLink } from './link.ts'
import { explain } from './request.ts'

/** include/uapi/linux/pkt_sched.h: the parents of clsact's filters, and clsact itself. */
const PARENTS = { ingress: 0xffff_fff2, egress: 0xffff_fff3 } as const
const TC_H_CLSACT = 0xffff_fff1
const CLSACT_HANDLE = 0xffff_0000
/** include/uapi/linux/rtnetlink.h, pkt_cls.h */
const TCA = { KIND: 1, OPTIONS: 2 } as const
const TCA_BPF = { FD: 6, NAME: 7, FLAGS: 8 } as const
const TCA_BPF_FLAG_ACT_DIRECT = 1
/** htons(ETH_P_ALL): filters see every protocol. */
const PROTOCOL_ALL = 0x0300
const MAX_PRIORITY = 0xffff

export type TcDirection = keyof typeof PARENTS

/** struct tcmsg without the family: which qdisc or filter is meant. */
interface TcTarget {
  readonly ifindex: number
  readonly handle: number
  readonly parent: number
  /** Priority in the upper, protocol in the lower half. */
  readonly info: number
}

const TCMSG_BYTES = 20

export interface ClsactPlace {
  /** For `tc filter show`. */
  readonly name: string
  readonly programFd: number
  readonly ifindex: number
  readonly direction: TcDirection
  /** 0, 0: the kernel chooses. */
  readonly handle: number
  readonly priority: number
  readonly operation: string
}

export function attachClsact(place: ClsactPlace): KernelLink {
  const { ifindex, direction, handle, priority, operation } = place
  if (priority < 0 || priority > MAX_PRIORITY || !Number.isInteger(priority))
    throw new RangeError(`attach option priority: ${priority} is not in 0..${MAX_PRIORITY}`)
  const qdisc = { ifindex, handle: CLSACT_HANDLE, parent: TC_H_CLSACT, info: 0 }
  const made = request(RTM.NEWQDISC, NLM.CREATE | NLM.EXCL, qdisc, [stringAttribute(TCA.KIND, 'clsact')])
  if (made.errno !== 0 && made.errno !== ERRNO.EEXIST) throw failure(operation, made)
  const ownQdisc = made.errno === 0
  const cleanUp = () => {
    if (ownQdisc && !hasFilters(ifindex)) request(RTM.DELQDISC, 0, qdisc, [])
  }
  const wanted = { ifindex, handle, parent: PARENTS[direction], info: ((priority << 16) | PROTOCOL_ALL) >>> 0 }
  const added = request(RTM.NEWTFILTER, NLM.CREATE | NLM.EXCL | NLM.ECHO, wanted, filterOf(place, place.programFd))
  const echo = added.bodies[0]
  if (added.errno !== 0 || !echo) {
    cleanUp()
    throw failure(operation, added)
  }
  // The echo says which handle and priority the kernel chose.
  const filter = decodeTarget(echo)
  const release = () => {
    request(RTM.DELTFILTER, 0, filter, [stringAttribute(TCA.KIND, 'bpf')])
    cleanUp()
  }
  return makeLink('tc-netlink', release, (programFd) => {
    const replaced = request(RTM.NEWTFILTER, NLM.CREATE | NLM.REPLACE, filter, filterOf(place, programFd))
    if (replaced.errno !== 0) throw failure(operation, replaced)
  })
}

function filterOf({ name }: ClsactPlace, programFd: number): Uint8Array[] {
  const options = nested(
    TCA.OPTIONS,
    u32Attribute(TCA_BPF.FD, programFd),
    stringAttribute(TCA_BPF.NAME, kernelName(name)),
    u32Attribute(TCA_BPF.FLAGS, TCA_BPF_FLAG_ACT_DIRECT),
  )
  return [stringAttribute(TCA.KIND, 'bpf'), options]
}

function failure(operation: string, answer: NetlinkAnswer): SyscallError {
  const errno = answer.errno === 0 ? ERRNO.EINVAL : answer.errno
  const text = answer.message
  const causes = text === undefined ? {} : { EINVAL: text, ENOENT: text }
  return new SyscallError(
    operation,
    errno,
    explain('tc', {
      ENODEV: 'there is no such interface in this network namespace',
      EEXIST: 'there is a filter with this priority and handle already',
      ...causes,
    }),
  )
}

function hasFilters(ifindex: number): boolean {
  return Object.values(PARENTS).some((parent) => {
    const answer = request(RTM.GETTFILTER, NLM.DUMP, { ifindex, handle: 0, parent, info: 0 }, [])
    return answer.errno !== 0 || answer.bodies.length > 0
  })
}

function request(type: number, flags: number, target: TcTarget, attributes: readonly Uint8Array[]) {
  return netlink({ type, flags, body: concat(encodeTarget(target), ...attributes) })
}

/** struct tcmsg: family u8, 3 pad, ifindex s32, handle u32, parent u32, info u32 */
function encodeTarget(target: TcTarget): Uint8Array {
  const bytes = new Uint8Array(TCMSG_BYTES)
  const view = new DataView(bytes.buffer)
  view.setInt32(4, target.ifindex, true)
  view.setUint32(8, target.handle, true)
  view.setUint32(12, target.parent, true)
  view.setUint32(16, target.info, true)
  return bytes
}

function decodeTarget(bytes: Uint8Array): TcTarget {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [ifindex, handle, parent, info] = [view.getInt32(4, true), ...[8, 12, 16].map((at) => view.getUint32(at, true))]
  return { ifindex: ifindex!, handle: handle!, parent: parent!, info: info! }
}
