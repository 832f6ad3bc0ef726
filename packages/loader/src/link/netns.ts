/** Programs of a network namespace: sk_lookup and flow dissectors (5.8), netfilter hooks (6.4). */
import { closeSync, openSync } from 'node:fs'
import { ATTACH_TYPE_IDS } from '@unplugin-bpf/core/object'
import { checkSyscall } from '../errors.ts'
import { attachTypeId } from '../program-type.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { createLink, fdLink, type KernelLink } from './link.ts'
import { type AttachRequest, choice, explain, required } from './request.ts'

export function attachNetns(request: AttachRequest): KernelLink {
  const { spec, programFd, options } = request
  const path = options.netns ?? '/proc/self/ns/net'
  const namespace = openSync(path, 'r')
  try {
    const fd = createLink({ programFd, target: namespace, attachType: attachTypeId(spec.attachType) })
    const operation = `attach program "${spec.name}" to the network namespace ${options.netns ?? ''}`.trimEnd()
    const causes = {
      EEXIST: 'a program of this type is attached there already',
      EINVAL: `${path} is no namespace file`,
    }
    return fdLink('netns', checkSyscall(fd, operation, explain('netns', causes)))
  } finally {
    closeSync(namespace)
  }
}

/** include/uapi/linux/netfilter.h */
const PROTOCOLS = { ipv4: 2, ipv6: 10 } as const
const HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const
const BPF_F_NETFILTER_IP_DEFRAG = 1

export function attachNetfilter(request: AttachRequest): KernelLink {
  const { spec, programFd, options } = request
  const protocol = choice(PROTOCOLS, options.protocol ?? 'ipv4', 'protocol')
  const hook = choice(HOOKS, required(request, 'hook', "{ hook: 'input', priority: 10 }"), 'hook')
  const fd = bpf(ATTR.linkCreateNetfilter, {
    prog_fd: programFd,
    attach_type: ATTACH_TYPE_IDS.NETFILTER,
    protocol,
    hook,
    priority: options.priority ?? 0,
    hook_flags: options.defragment ? BPF_F_NETFILTER_IP_DEFRAG : 0,
  })
  const operation = `attach program "${spec.name}" to the netfilter hook ${options.hook}`
  const causes = {
    ERANGE: "the lowest and the highest priority are the conntrack code's own",
    EBUSY: 'a program is attached there with the same priority; each needs its own',
    EAFNOSUPPORT: 'this kernel was built without netfilter for the protocol',
  }
  return fdLink('netfilter', checkSyscall(fd, operation, explain('netfilter', causes)))
}
