/** Cgroup programs: a BPF link (5.7), else PROG_ATTACH. Links always allow several programs; PROG_ATTACH asks. */
import { closeSync, constants, openSync } from 'node:fs'
import type { AttachOptions } from '@unplugin-bpf/core/runtime'
import { SyscallError } from '../errors.ts'
import { attachTypeId } from '../program-type.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { ERRNO } from '../sys/errno.ts'
import { fdLink, type KernelLink, makeLink } from './link.ts'
import { createOrderedLink } from './order.ts'
import { type AttachRequest, choice, explain, required } from './request.ts'

/** BPF_F_ALLOW_OVERRIDE, BPF_F_ALLOW_MULTI, BPF_F_REPLACE (include/uapi/linux/bpf.h). */
const ALLOW = { none: 0, override: 1, multi: 2 } as const
const BPF_F_REPLACE = 4

/** Attach types of program types whose section does not name one. */
const DEFAULT_ATTACH_TYPES: Readonly<Record<string, string>> = {
  cgroup_sock: 'CGROUP_INET_SOCK_CREATE',
  sock_ops: 'CGROUP_SOCK_OPS',
  cgroup_device: 'CGROUP_DEVICE',
  cgroup_sysctl: 'CGROUP_SYSCTL',
}

export function attachCgroup(request: AttachRequest): KernelLink {
  const { programFd, options } = request
  const cgroup = required(request, 'cgroup', "{ cgroup: '/sys/fs/cgroup/my-group' }")
  const attachType = attachTypeId(attachTypeOf(request))
  const directory = openSync(cgroup, constants.O_RDONLY | constants.O_DIRECTORY)
  // What only PROG_ATTACH has.
  const plain = options.via === 'netlink' || options.allow !== undefined || options.replace !== undefined
  try {
    if (plain && options.via === 'link')
      throw new TypeError(`program "${request.spec.name}": links have no options allow and replace; see link.update()`)
    if (plain) return attachWithoutLink(request, directory, attachType)
    const fd = createOrderedLink({ programFd, target: directory, attachType }, options.order)
    // EINVAL: a kernel before 5.7, which does not know the command.
    if (fd === -ERRNO.EINVAL && options.via !== 'link' && options.order === undefined)
      return attachWithoutLink(request, directory, attachType)
    if (fd < 0) throw failure(request, -fd)
    closeSync(directory)
    return fdLink('cgroup', fd)
  } catch (error) {
    closeSync(directory)
    throw error
  }
}

/** Keeps the directory open: detaching needs it, and its path may have been removed by then. */
function attachWithoutLink(request: AttachRequest, directory: number, attachType: number): KernelLink {
  const { options } = request
  let current = request.programFd
  const flags = choice(ALLOW, options.allow ?? 'multi', 'allow')
  const attach = (program: number, replaced: number | undefined) =>
    bpf(ATTR.progAttach, {
      target_fd: directory,
      attach_bpf_fd: program,
      attach_type: attachType,
      attach_flags: flags | (replaced === undefined ? 0 : BPF_F_REPLACE),
      ...(replaced !== undefined && { replace_bpf_fd: replaced }),
    })
  const result = attach(current, replacedProgram(options))
  if (result < 0) throw failure(request, -result)
  const release = () => {
    bpf(ATTR.progDetach, { target_fd: directory, attach_bpf_fd: current, attach_type: attachType })
    closeSync(directory)
  }
  return makeLink('cgroup-attach', release, (next) => {
    const replaced = attach(next, flags === ALLOW.multi ? current : undefined)
    if (replaced < 0) throw failure(request, -replaced)
    current = next
  })
}

function replacedProgram({ replace }: AttachOptions): number | undefined {
  if (replace === undefined) return undefined
  if (replace.fd === undefined)
    throw new TypeError('attach option replace takes a program that is loaded into the kernel')
  return replace.fd
}

function attachTypeOf({ spec, options }: AttachRequest): string {
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

function failure({ spec, options }: AttachRequest, errno: number): SyscallError {
  const { cgroup } = options
  return new SyscallError(
    `attach program "${spec.name}" to cgroup ${cgroup}`,
    errno,
    explain('cgroup', {
      EBADF: `${cgroup} is not a directory of a cgroup2 file system`,
      EINVAL: `the kernel refuses ${spec.type} programs with attach type ${spec.attachType ?? 'none'} there, or these options`,
      ENOENT: 'the program that `replace` names is not attached there',
      EPERM: `a program there, or in a group above, does not allow others beside it (option allow)`,
    }),
  )
}
