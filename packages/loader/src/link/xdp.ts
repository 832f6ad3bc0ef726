/**
 * XDP: a BPF link (5.9), else netlink. A link goes away with its descriptor; a netlink attachment belongs to the
 * interface and is removed by naming the program that is expected there (5.7), so that nobody else's is removed.
 */
import { ATTACH_TYPE_IDS } from '@unplugin-bpf/core/object'
import type { AttachOptions } from '@unplugin-bpf/core/runtime'
import { checkSyscall, type FailureContext, SyscallError } from '../errors.ts'
import { targetInterface } from '../interfaces.ts'
import { ERRNO } from '../sys/errno.ts'
import { concat, nested, netlink, RTM, u32Attribute } from '../sys/netlink.ts'
import { createLink, fdLink, type KernelLink, makeLink } from './link.ts'
import { type AttachRequest, choice, explain } from './request.ts'

/** include/uapi/linux/if_link.h */
const XDP_FLAGS = { UPDATE_IF_NOEXIST: 1, SKB_MODE: 2, DRV_MODE: 4, HW_MODE: 8, REPLACE: 16 } as const
const IFLA_XDP = 43
const IFLA_XDP_ATTR = { FD: 1, FLAGS: 3, EXPECTED_FD: 8 } as const

const MODE_FLAGS = {
  auto: 0,
  generic: XDP_FLAGS.SKB_MODE,
  native: XDP_FLAGS.DRV_MODE,
  offload: XDP_FLAGS.HW_MODE,
} as const
type Mode = keyof typeof MODE_FLAGS

interface Place {
  readonly programFd: number
  readonly ifindex: number
  readonly flags: number
}

export function attachXdp({ programFd, options }: AttachRequest): KernelLink {
  const ifindex = targetInterface(options, 'an XDP program')
  const mode = options.mode ?? 'auto'
  choice(MODE_FLAGS, mode, 'mode')
  const first = tryAttach({ programFd, ifindex, flags: MODE_FLAGS[mode] }, options)
  if (typeof first !== 'number') return first
  // Without a mode the kernel takes the driver's when the driver has one, and then fails for good if that does not
  // suit (an MTU beyond the driver's limit, say); the generic mode works everywhere.
  if (mode === 'auto' && (first === ERRNO.EOPNOTSUPP || first === ERRNO.ERANGE)) {
    const generic = tryAttach({ programFd, ifindex, flags: XDP_FLAGS.SKB_MODE }, options)
    if (typeof generic !== 'number') return generic
  }
  throw new SyscallError(`attach an XDP program to ${nameOf(options)}`, first, explain('xdp', causesOf(mode)))
}

/** A link, or a positive errno. */
function tryAttach(place: Place, options: AttachOptions): KernelLink | number {
  if (options.via === 'netlink') return attachByNetlink(place)
  const fd = createLink({
    programFd: place.programFd,
    target: place.ifindex,
    attachType: ATTACH_TYPE_IDS.XDP,
    flags: place.flags,
  })
  if (fd >= 0) return fdLink('xdp', fd)
  // EINVAL: a kernel before 5.9, which does not know the command for XDP.
  return fd === -ERRNO.EINVAL && options.via !== 'link' ? attachByNetlink(place) : -fd
}

function attachByNetlink(place: Place): KernelLink | number {
  const errno = setXdp(place, XDP_FLAGS.UPDATE_IF_NOEXIST, [u32Attribute(IFLA_XDP_ATTR.FD, place.programFd)])
  if (errno !== 0) return errno
  let current = place.programFd
  /** Only in the place of our own program, on kernels that can compare. */
  const put = (next: number) => {
    const program = u32Attribute(IFLA_XDP_ATTR.FD, next)
    const expected = u32Attribute(IFLA_XDP_ATTR.EXPECTED_FD, current)
    const result = setXdp(place, XDP_FLAGS.REPLACE, [program, expected])
    return result === ERRNO.EINVAL ? setXdp(place, 0, [program]) : result
  }
  return makeLink(
    'xdp-netlink',
    () => void put(-1),
    (next) => {
      checkSyscall(-put(next), `put another XDP program on interface ${place.ifindex}`)
      current = next
    },
  )
}

function setXdp(place: Place, flags: number, attributes: readonly Uint8Array[]): number {
  // struct ifinfomsg: family u8, pad u8, type u16, index s32, flags u32, change u32
  const header = new Uint8Array(16)
  new DataView(header.buffer).setInt32(4, place.ifindex, true)
  const xdp = nested(IFLA_XDP, ...attributes, u32Attribute(IFLA_XDP_ATTR.FLAGS, place.flags | flags))
  return netlink({ type: RTM.SETLINK, flags: 0, body: concat(header, xdp) }).errno
}

function nameOf(options: AttachOptions): string {
  return options.ifname ?? `interface ${options.ifindex}`
}

function causesOf(mode: Mode): FailureContext['causes'] {
  const other = 'another XDP program is attached there; remove it first: ip link set dev NAME xdp off'
  return {
    EBUSY: other,
    EEXIST: other,
    EOPNOTSUPP: `the driver of this interface has no XDP${mode === 'auto' ? '' : ` in ${mode} mode`}; mode 'generic' works everywhere`,
    ERANGE: 'the MTU of the interface is larger than its driver allows with XDP',
    ENODEV: 'there is no such interface in this network namespace',
    EINVAL: `the driver refuses the program${mode === 'auto' ? '' : ` in ${mode} mode`}; mode 'generic' works everywhere`,
  }
}
