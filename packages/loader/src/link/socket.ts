/** Programs on one socket, or its reuseport group, by setsockopt; the caller has a descriptor of the socket. */
import { checkSyscall } from '../errors.ts'
import { syscall } from '../sys/syscall.ts'
import { type KernelLink, makeLink } from './link.ts'
import { type AttachRequest, explain, required } from './request.ts'

/** include/uapi/asm-generic/socket.h: level, and the options that attach and detach. */
const SOL_SOCKET = 1
const OPTIONS = {
  socket: { attach: 50, detach: 27 },
  reuseport: { attach: 52, detach: 68 },
} as const

const CAUSES = {
  EBADF: 'socketFd is no open descriptor',
  ENOTSOCK: 'socketFd is a descriptor of something else',
  EINVAL: 'the socket has no SO_REUSEPORT, or the program is of another type',
}

export function attachSocket(request: AttachRequest): KernelLink {
  const { spec, programFd } = request
  const kind = request.kind === 'reuseport' ? 'reuseport' : 'socket'
  const socketFd = required(request, 'socketFd', '{ socketFd }')
  const set = (option: number, program: number) =>
    syscall('setsockopt', socketFd, SOL_SOCKET, option, new Uint8Array(Int32Array.of(program).buffer), 4)
  const put = (program: number) => {
    const operation = `attach program "${spec.name}" to socket ${socketFd}`
    checkSyscall(set(OPTIONS[kind].attach, program), operation, explain(request.kind, CAUSES))
  }
  put(programFd)
  return makeLink(kind, () => void set(OPTIONS[kind].detach, 0), put)
}
