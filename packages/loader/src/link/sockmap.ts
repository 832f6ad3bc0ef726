/** sk_skb and sk_msg programs, on a map of sockets: a link (6.10), else PROG_ATTACH. */
import { SyscallError } from '../errors.ts'
import { attachTypeId } from '../program-type.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { ERRNO } from '../sys/errno.ts'
import { createLink, fdLink, type KernelLink, makeLink } from './link.ts'
import { type AttachRequest, explain, required } from './request.ts'

export function attachSockmap(request: AttachRequest): KernelLink {
  const { spec, programFd, options } = request
  const { fd: map } = required(request, 'map', '{ map: object.maps.sockets }')
  if (map === undefined) throw new TypeError('attach option map: a map that is loaded into the kernel')
  const attachType = attachTypeId(spec.attachType ?? 'SK_SKB_STREAM_VERDICT')
  const failure = (errno: number) =>
    new SyscallError(
      `attach program "${spec.name}" to a map of sockets`,
      errno,
      explain(
        'sockmap',
        {
          EINVAL: 'the map is no sockmap or sockhash',
          EOPNOTSUPP: 'the map is no sockmap or sockhash',
          EBUSY: 'another program is attached to this map',
        },
        options.via === 'link' ? 'link' : undefined,
      ),
    )
  if (options.via !== 'netlink') {
    const fd = createLink({ programFd, target: map, attachType })
    if (fd >= 0) return fdLink('sockmap', fd)
    if (fd !== -ERRNO.EINVAL || options.via === 'link') throw failure(-fd)
  }
  let current = programFd
  const target = { target_fd: map, attach_type: attachType }
  const put = (program: number) => {
    const result = bpf(ATTR.progAttach, { ...target, attach_bpf_fd: program })
    if (result < 0) throw failure(-result)
    current = program
  }
  put(programFd)
  return makeLink('sockmap-attach', () => void bpf(ATTR.progDetach, { ...target, attach_bpf_fd: current }), put)
}
