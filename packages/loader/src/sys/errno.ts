/** Names of errno values. Linux's numbers are those of Node's `os.constants` when it runs there. */
import { constants } from 'node:os'

/** Kernel-internal value that bpf(2) lets out (include/linux/errno.h). */
const ENOTSUPP = 524

/** The second has two names in Node, of which Linux prints this one. */
const NAMES = new Map<number, string>([
  [ENOTSUPP, 'ENOTSUPP'],
  [95, 'EOPNOTSUPP'],
])
for (const [name, number] of Object.entries(constants.errno)) if (!NAMES.has(number)) NAMES.set(number, name)

/** Numbers that the loader compares with (include/uapi/asm-generic/errno-base.h, errno.h). */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  E2BIG: 7,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EEXIST: 17,
  EINVAL: 22,
  EMFILE: 24,
  ENOSPC: 28,
  ERANGE: 34,
  ENOSYS: 38,
  ENOLINK: 67,
  EOPNOTSUPP: 95,
  ENOTSUPP,
} as const

export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`
}
