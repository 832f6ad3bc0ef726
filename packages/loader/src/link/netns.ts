/** sk_lookup and flow dissector programs, on the network namespace that this process is in (5.8). */
import { closeSync, openSync } from 'node:fs'
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import type { Link } from '@unplugin-bpf/core/runtime'
import { checkSyscall } from '../errors.ts'
import { attachTypeId } from '../program-type.ts'
import { createLink, fdLink } from './link.ts'

export function attachNetns(spec: ProgramSpec, programFd: number): Link {
  const namespace = openSync('/proc/self/ns/net', 'r')
  try {
    const fd = createLink({ programFd, target: namespace, attachType: attachTypeId(spec.attachType) })
    const operation = `attach program "${spec.name}" to the network namespace`
    return fdLink('netns', checkSyscall(fd, operation, { needs: ['BPF', 'NET_ADMIN'], since: '5.8' }))
  } finally {
    closeSync(namespace)
  }
}
