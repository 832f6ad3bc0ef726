/** Clocks. One source of nanoseconds (option `now`) serves all of them. */
import type { VmHelper } from '../machine.ts'

const now: VmHelper = (m) => m.resultBig(BigInt.asUintN(64, m.settings.now()))

/** One tick of a kernel with HZ = 1000 is a millisecond. */
const jiffies: VmHelper = (m) => m.resultBig(BigInt.asUintN(64, m.settings.now() / 1_000_000n))

export const timeHelpers = {
  ktime_get_ns: now,
  ktime_get_boot_ns: now,
  ktime_get_coarse_ns: now,
  ktime_get_tai_ns: now,
  jiffies64: jiffies,
} satisfies Record<string, VmHelper>
