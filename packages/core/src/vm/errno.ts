/** Error numbers that helpers and map operations return, include/uapi/asm-generic/errno*.h. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  E2BIG: 7,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  ERANGE: 34,
  ENOTSUPP: 524,
  EOPNOTSUPP: 95,
} as const

export type ErrnoName = keyof typeof ERRNO

const NAMES = new Map<number, string>(Object.entries(ERRNO).map(([name, number]) => [number, name]))

/** `-22` or `22` -> `EINVAL`. */
export function errnoName(code: number): string {
  return NAMES.get(Math.abs(code)) ?? `errno ${Math.abs(code)}`
}

/** What an operation from user space throws where the kernel's syscall would fail. */
export class VmError extends Error {
  /** `E2BIG`, ...; undefined when no errno fits. */
  readonly code: string | undefined
  constructor(message: string, code?: number) {
    super(code === undefined ? message : `${message}: ${errnoName(code)}`)
    this.name = 'VmError'
    this.code = code === undefined ? undefined : errnoName(code)
  }
}
