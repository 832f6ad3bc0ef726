/**
 * Traffic control: a TCX link (6.6), else a `bpf` filter with direct action on a clsact qdisc by netlink. The qdisc is
 * made when it is missing, and removed again with the last filter when we made it.
 */
import { ATTACH_TYPE_IDS, type ProgramSpec } from '@unplugin-bpf/core/object'
import type { AttachOptions, Link } from '@unplugin-bpf/core/runtime'
import { type FailureContext, SyscallError } from '../errors.ts'
import { targetInterface } from '../interfaces.ts'
import { kernelName } from '../sys/attr.ts'
import { ERRNO } from '../sys/errno.ts'
import { concat, NLM, nested, netlink, RTM, stringAttribute, u32Attribute } from '../sys/netlink.ts'
import { createLink, fdLink, makeLink } from './link.ts'

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

type Direction = keyof typeof PARENTS

/** struct tcmsg without the family: which qdisc or filter is meant. */
interface TcTarget {
  readonly ifindex: number
  readonly handle: number
  readonly parent: number
  /** Priority in the upper, protocol in the lower half. */
  readonly info: number
}

const TCMSG_BYTES = 20

export function attachTc(spec: ProgramSpec, programFd: number, options: AttachOptions): Link {
  const ifindex = targetInterface(options, 'a TC program')
  const direction = options.direction ?? directionOf(spec)
  const operation = `attach a TC program to the ${direction} side of ${options.ifname ?? `interface ${ifindex}`}`
  if (options.via !== 'netlink') {
    const attachType = direction === 'ingress' ? ATTACH_TYPE_IDS.TCX_INGRESS : ATTACH_TYPE_IDS.TCX_EGRESS
    const fd = createLink({ programFd, target: ifindex, attachType })
    if (fd >= 0) return fdLink('tcx', fd)
    // EINVAL: a kernel before 6.6, which does not know the attach type.
    if (fd !== -ERRNO.EINVAL || options.via === 'link') throw new SyscallError(operation, -fd, EXPLAIN)
  }
  return attachByNetlink({ spec, programFd, ifindex, direction, operation })
}

const EXPLAIN: FailureContext = {
  needs: ['BPF', 'NET_ADMIN'],
  causes: {
    ENODEV: 'there is no such interface in this network namespace',
    EEXIST: 'this very program is attached there already',
  },
}

/** The sections `tc/egress` and `tcx/egress` say it; everything else is for incoming packets. */
function directionOf(spec: ProgramSpec): Direction {
  return spec.attachType === 'TCX_EGRESS' ? 'egress' : 'ingress'
}

interface NetlinkAttach {
  readonly spec: ProgramSpec
  readonly programFd: number
  readonly ifindex: number
  readonly direction: Direction
  readonly operation: string
}

function attachByNetlink({ spec, programFd, ifindex, direction, operation }: NetlinkAttach): Link {
  const qdisc = { ifindex, handle: CLSACT_HANDLE, parent: TC_H_CLSACT, info: 0 }
  const made = request(RTM.NEWQDISC, NLM.CREATE | NLM.EXCL, qdisc, [stringAttribute(TCA.KIND, 'clsact')])
  if (made.errno !== 0 && made.errno !== ERRNO.EEXIST) throw failure(operation, made)
  const ownQdisc = made.errno === 0
  const cleanUp = () => {
    if (ownQdisc && !hasFilters(ifindex)) request(RTM.DELQDISC, 0, qdisc, [])
  }
  const options = nested(
    TCA.OPTIONS,
    u32Attribute(TCA_BPF.FD, programFd),
    stringAttribute(TCA_BPF.NAME, kernelName(spec.name)),
    u32Attribute(TCA_BPF.FLAGS, TCA_BPF_FLAG_ACT_DIRECT),
  )
  // Priority and handle 0: the kernel chooses, and the echo says what it chose.
  const place = { ifindex, handle: 0, parent: PARENTS[direction], info: PROTOCOL_ALL }
  const kind = stringAttribute(TCA.KIND, 'bpf')
  const added = request(RTM.NEWTFILTER, NLM.CREATE | NLM.EXCL | NLM.ECHO, place, [kind, options])
  const echo = added.bodies[0]
  if (added.errno !== 0 || !echo) {
    cleanUp()
    throw failure(operation, added)
  }
  const filter = decodeTarget(echo)
  return makeLink('tc-netlink', () => {
    request(RTM.DELTFILTER, 0, filter, [kind])
    cleanUp()
  })
}

function failure(operation: string, answer: { errno: number; message: string | undefined }): SyscallError {
  const errno = answer.errno === 0 ? ERRNO.EINVAL : answer.errno
  const causes = answer.message === undefined ? {} : { EINVAL: answer.message, ENOENT: answer.message }
  return new SyscallError(operation, errno, { ...EXPLAIN, causes: { ...EXPLAIN.causes, ...causes } })
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
