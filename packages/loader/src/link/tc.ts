/** Traffic control and netkit devices: a link with a place among the others (6.6), else a filter (clsact.ts). */
import { ATTACH_TYPE_IDS } from '@unplugin-bpf/core/object'
import { SyscallError } from '../errors.ts'
import { targetInterface } from '../interfaces.ts'
import { ERRNO } from '../sys/errno.ts'
import { attachClsact, type TcDirection } from './clsact.ts'
import { fdLink, type KernelLink } from './link.ts'
import { createOrderedLink } from './order.ts'
import { type AttachRequest, choice, explain } from './request.ts'

const TCX = { ingress: ATTACH_TYPE_IDS.TCX_INGRESS, egress: ATTACH_TYPE_IDS.TCX_EGRESS }
const NETKIT: Readonly<Record<string, number>> = {
  NETKIT_PRIMARY: ATTACH_TYPE_IDS.NETKIT_PRIMARY,
  NETKIT_PEER: ATTACH_TYPE_IDS.NETKIT_PEER,
}

const CAUSES = {
  ENODEV: 'there is no such interface in this network namespace',
  EEXIST: 'this very program is attached there already',
  ENOENT: 'the program or link that `order` names is not attached there',
}

export function attachTc(request: AttachRequest): KernelLink {
  const { spec, programFd, options } = request
  const ifindex = targetInterface(options, 'a TC program')
  const direction = options.direction ?? directionOf(request)
  const attachType = choice(TCX, direction, 'direction')
  const operation = `attach a TC program to the ${direction} side of ${options.ifname ?? `interface ${ifindex}`}`
  const { handle = 0, priority = 0, order, via } = options
  const filter = handle !== 0 || priority !== 0 || via === 'netlink'
  if (filter && (order !== undefined || via === 'link'))
    throw new TypeError(
      `program "${spec.name}": handle and priority belong to filters (via: 'netlink'), order belongs to links`,
    )
  if (!filter) {
    const fd = createOrderedLink({ programFd, target: ifindex, attachType }, order)
    if (fd >= 0) return fdLink('tcx', fd)
    // EINVAL: a kernel before 6.6, which does not know the attach type.
    if (fd !== -ERRNO.EINVAL || via === 'link' || order !== undefined)
      throw new SyscallError(operation, -fd, explain('tc', CAUSES, 'link'))
  }
  return attachClsact({ name: spec.name, programFd, ifindex, direction, handle, priority, operation })
}

/** The sections `tc/egress` and `tcx/egress` say it; everything else is for incoming packets. */
function directionOf({ spec }: AttachRequest): TcDirection {
  return spec.attachType === 'TCX_EGRESS' ? 'egress' : 'ingress'
}

export function attachNetkit({ spec, programFd, options }: AttachRequest): KernelLink {
  const ifindex = targetInterface(options, 'a netkit program')
  const attachType = choice(NETKIT, spec.attachType ?? 'NETKIT_PRIMARY', 'attach type')
  const fd = createOrderedLink({ programFd, target: ifindex, attachType }, options.order)
  if (fd >= 0) return fdLink('netkit', fd)
  throw new SyscallError(
    `attach a netkit program to ${options.ifname ?? `interface ${ifindex}`}`,
    -fd,
    explain('netkit', { ...CAUSES, EINVAL: 'the interface is no netkit device, or the kernel is older than 6.7' }),
  )
}
