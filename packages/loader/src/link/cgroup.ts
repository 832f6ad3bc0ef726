/** Cgroup programs: a BPF link (5.7), else PROG_ATTACH with "several programs" semantics, which links always have. */
import { closeSync, constants, openSync } from 'node:fs'
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import type { AttachOptions, Link } from '@unplugin-bpf/core/runtime'
import { SyscallError } from '../errors.ts'
import { attachTypeId } from '../program-type.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { ERRNO } from '../sys/errno.ts'
import { createLink, fdLink, makeLink } from './link.ts'

const BPF_F_ALLOW_MULTI = 2

/** Attach types of program types whose section does not name one. */
const DEFAULT_ATTACH_TYPES: Readonly<Record<string, string>> = {
  cgroup_sock: 'CGROUP_INET_SOCK_CREATE',
  sock_ops: 'CGROUP_SOCK_OPS',
  cgroup_device: 'CGROUP_DEVICE',
  cgroup_sysctl: 'CGROUP_SYSCTL',
}

export function attachCgroup(spec: ProgramSpec, programFd: number, options: AttachOptions): Link {
  const { cgroup } = options
  if (cgroup === undefined)
    throw new TypeError(
      `attaching ${spec.type} program "${spec.name}" needs a cgroup: attach({ cgroup: '/sys/fs/cgroup/my-group' })`,
    )
  const place = { spec, programFd, cgroup, attachType: attachTypeId(attachTypeOf(spec, options)) }
  const directory = openSync(cgroup, constants.O_RDONLY | constants.O_DIRECTORY)
  if (options.via === 'netlink') return attachWithoutLink(place, directory)
  const fd = createLink({ programFd, target: directory, attachType: place.attachType })
  // EINVAL: a kernel before 5.7, which does not know the command.
  if (fd === -ERRNO.EINVAL && options.via !== 'link') return attachWithoutLink(place, directory)
  closeSync(directory)
  if (fd < 0) throw failure(place, -fd)
  return fdLink('cgroup', fd)
}

interface CgroupPlace {
  readonly spec: ProgramSpec
  readonly programFd: number
  readonly cgroup: string
  readonly attachType: number
}

/** Keeps the directory open: detaching needs it, and its path may have been removed by then. */
function attachWithoutLink(place: CgroupPlace, directory: number): Link {
  const target = { target_fd: directory, attach_bpf_fd: place.programFd, attach_type: place.attachType }
  const result = bpf(ATTR.progAttach, { ...target, attach_flags: BPF_F_ALLOW_MULTI })
  if (result < 0) {
    closeSync(directory)
    throw failure(place, -result)
  }
  return makeLink('cgroup-attach', () => {
    bpf(ATTR.progDetach, target)
    closeSync(directory)
  })
}

function attachTypeOf(spec: ProgramSpec, options: AttachOptions): string {
  if (spec.attachType !== undefined) return spec.attachType
  if (spec.type === 'cgroup_skb' && options.direction !== undefined)
    return options.direction === 'egress' ? 'CGROUP_INET_EGRESS' : 'CGROUP_INET_INGRESS'
  const found = DEFAULT_ATTACH_TYPES[spec.type]
  if (found !== undefined) return found
  throw new TypeError(
    spec.type === 'cgroup_skb'
      ? `program "${spec.name}": its section does not say which packets it sees; attach({ cgroup, direction: 'ingress' })`
      : `program "${spec.name}": the section "${spec.section}" does not name an attach type`,
  )
}

function failure({ spec, cgroup }: CgroupPlace, errno: number): SyscallError {
  return new SyscallError(`attach program "${spec.name}" to cgroup ${cgroup}`, errno, {
    needs: ['BPF', 'NET_ADMIN'],
    causes: {
      EBADF: `${cgroup} is not a directory of a cgroup2 file system`,
      EINVAL: `the kernel refuses ${spec.type} programs with attach type ${spec.attachType ?? 'none'} there`,
    },
  })
}
