/** Socket filters, on a socket that the caller has a descriptor of. */
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import type { Link } from '@unplugin-bpf/core/runtime'
import { checkSyscall } from '../errors.ts'
import { syscall } from '../sys/syscall.ts'
import { makeLink } from './link.ts'

/** include/uapi/asm-generic/socket.h */
const SOL_SOCKET = 1
const SO_DETACH_FILTER = 27
const SO_ATTACH_BPF = 50

export function attachSocket(spec: ProgramSpec, programFd: number, socketFd: number | undefined): Link {
  if (socketFd === undefined)
    throw new TypeError(`attaching socket filter "${spec.name}" needs a socket: attach({ socketFd })`)
  const value = new Uint8Array(4)
  new DataView(value.buffer).setInt32(0, programFd, true)
  const result = syscall('setsockopt', socketFd, SOL_SOCKET, SO_ATTACH_BPF, value, value.length)
  checkSyscall(result, `attach program "${spec.name}" to socket ${socketFd}`)
  return makeLink('socket', () => {
    syscall('setsockopt', socketFd, SOL_SOCKET, SO_DETACH_FILTER, value, value.length)
  })
}
