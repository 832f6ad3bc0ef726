/** Network interfaces of the network namespace that this process is in. */
import { readFileSync } from 'node:fs'
import type { AttachOptions } from '@unplugin-bpf/core/runtime'
import { checkSyscall, SyscallError } from './errors.ts'
import { closeFd, syscall } from './sys/syscall.ts'

/** include/uapi/linux/sockios.h */
const SIOCGIFINDEX = 0x8933
const AF_INET = 2
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
/** struct ifreq: name[16], then a union; IFNAMSIZ is 16. */
const IFREQ_BYTES = 40
const IFNAMSIZ = 16

/** Index of an interface; throws with the names that exist. */
export function interfaceIndex(name: string): number {
  if (name.length === 0 || name.length >= IFNAMSIZ) throw new RangeError(`"${name}" is no interface name`)
  const request = new Uint8Array(IFREQ_BYTES)
  new TextEncoder().encodeInto(name, request)
  const socket = checkSyscall(syscall('socket', AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'open a socket')
  try {
    const result = syscall('ioctl', socket, SIOCGIFINDEX, request)
    if (result < 0)
      throw new SyscallError(`find network interface "${name}"`, -result, {
        causes: { ENODEV: `the interfaces of this network namespace are ${interfaceNames().join(', ')}` },
      })
    return new DataView(request.buffer).getInt32(IFNAMSIZ, true)
  } finally {
    closeFd(socket)
  }
}

/** The interface that attach options name. */
export function targetInterface(options: AttachOptions, what: string): number {
  if (options.ifindex !== undefined) return options.ifindex
  if (options.ifname !== undefined) return interfaceIndex(options.ifname)
  throw new TypeError(`attaching ${what} needs an interface: attach({ ifname: 'eth0' }) or attach({ ifindex: 2 })`)
}

export function interfaceNames(): string[] {
  return readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .flatMap((line) => /^\s*(\S+):/.exec(line)?.[1] ?? [])
}
