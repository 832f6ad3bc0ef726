/**
 * RLIMIT_MEMLOCK. Linux before 5.11 counts maps and programs against it, and 64 KiB, the usual limit, are too little for
 * a ring buffer; later kernels count against the memory cgroup instead. So there the limit is raised before the first
 * map, as libbpf does.
 */
import { release } from 'node:os'
import { syscall } from './sys/syscall.ts'
import { atLeast } from './system-state.ts'

/** include/uapi/asm-generic/resource.h */
const RLIMIT_MEMLOCK = 8
const INFINITY = 0xffff_ffff_ffff_ffffn
const FIRST_WITHOUT = '5.11'

/** Bytes; `undefined`: no limit. */
export interface MemlockLimits {
  readonly soft: bigint | undefined
  readonly hard: bigint | undefined
}

export function memlockCounts(kernel: string = release()): boolean {
  return !atLeast(kernel, FIRST_WITHOUT)
}

let done = false

/** Once a process, and only where the limit matters. What cannot be raised is explained when the kernel refuses (EPERM). */
export function raiseMemlock(): void {
  if (done) return
  done = true
  if (memlockCounts()) raiseMemlockLimit()
}

/** To no limit with CAP_SYS_RESOURCE, else as far as the hard limit goes. Returns what is in force then. */
export function raiseMemlockLimit(): MemlockLimits {
  const before = memlockLimits()
  const raised = before.soft === undefined || setMemlockLimits({ soft: undefined, hard: undefined })
  if (!raised) setMemlockLimits({ soft: before.hard, hard: before.hard })
  return memlockLimits()
}

export function memlockLimits(): MemlockLimits {
  const limits = new BigUint64Array(2)
  syscall('prlimit64', 0, RLIMIT_MEMLOCK, undefined, new Uint8Array(limits.buffer))
  const [soft, hard] = [...limits].map((limit) => (limit === INFINITY ? undefined : limit))
  return { soft, hard }
}

/** False: not permitted. */
export function setMemlockLimits({ soft, hard }: MemlockLimits): boolean {
  const limits = BigUint64Array.of(soft ?? INFINITY, hard ?? INFINITY)
  return syscall('prlimit64', 0, RLIMIT_MEMLOCK, new Uint8Array(limits.buffer), undefined) === 0
}
