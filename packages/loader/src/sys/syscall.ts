/**
 * The other system calls that the loader makes, by name. Every function returns what the kernel returned: a result, or
 * a negative errno. Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
 */
import { arch } from 'node:process'
import { addon, type Bytes } from './addon.ts'

/** name: [x64, arm64] */
const NUMBERS = {
  close: [3, 57],
  ioctl: [16, 29],
  fcntl: [72, 25],
  socket: [41, 198],
  sendto: [44, 206],
  recvfrom: [45, 207],
  setsockopt: [54, 208],
  getxattr: [191, 8],
  perf_event_open: [298, 241],
  prlimit64: [302, 261],
} as const

export type SyscallName = keyof typeof NUMBERS

export function syscall(name: SyscallName, ...args: readonly (number | Bytes | undefined)[]): number {
  return addon().syscall(NUMBERS[name][arch === 'x64' ? 0 : 1], ...args)
}

/** Closes a file descriptor; never throws, since nothing can be done about a failure. */
export function closeFd(fd: number): void {
  syscall('close', fd)
}

/** F_DUPFD_CLOEXEC (include/uapi/linux/fcntl.h) */
const F_DUPFD_CLOEXEC = 1030

/** Another descriptor of the same thing, or a negative errno. */
export function dupFd(fd: number): number {
  return syscall('fcntl', fd, F_DUPFD_CLOEXEC, 0)
}

export const PROT = { READ: 1, WRITE: 2 } as const
export const MAP_SHARED = 1

/** Maps a file descriptor; the buffer stays valid until `unmap`. */
export function mapShared(fd: number, length: number, prot: number, offset: number): ArrayBuffer | number {
  return addon().mmap(length, prot, MAP_SHARED, fd, offset)
}

export function unmap(buffer: ArrayBuffer): void {
  addon().munmap(buffer)
}

/** Calls back while `fd` is readable (level-triggered). Returns an id for `stopPoll`, or a negative errno. */
export function startPoll(fd: number, callback: () => void): number {
  return addon().pollStart(fd, callback)
}

/** Must come before the descriptor is closed: libuv aborts the process otherwise. */
export function stopPoll(id: number): void {
  addon().pollStop(id)
}

/** Bytes at a fixed address, for structures that the kernel reads or writes again and again. */
export interface Scratch {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly address: number
}

export function scratch(size: number): Scratch {
  const bytes = new Uint8Array(new ArrayBuffer(Math.max(8, size)), 0, size)
  return { bytes, address: addon().addressOf(bytes) }
}

/** Hands out the addresses of NUL-terminated texts. */
export function withTexts(texts: readonly string[], use: (addresses: readonly number[]) => number): number {
  const encoder = new TextEncoder()
  const parts = texts.map((text) => encoder.encode(`${text}\0`))
  const area = scratch(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  const addresses = parts.map((part) => {
    area.bytes.set(part, at)
    at += part.length
    return area.address + at - part.length
  })
  const result = use(addresses)
  area.bytes.fill(0) // used after the call, so that the bytes live as long as it takes
  return result
}
