/**
 * All helpers, merged. Keys are the kernel's names without `bpf_`; a test demands one row for each id of the kernel, and
 * the compiler (below) that no row is for a helper the kernel does not have.
 */
import { HELPER_IDS } from '../generated/helper-ids.ts'
import { toCamelName, toKernelName } from '../names.ts'
import { cgroupHelpers } from './cgroup.ts'
import { mapHelpers } from './map.ts'
import { miscHelpers } from './misc.ts'
import { ringbufHelpers } from './ringbuf.ts'
import type { HelperRow } from './row.ts'
import { skbHelpers } from './skb.ts'
import { sockHelpers } from './sock.ts'
import { timeHelpers } from './time.ts'
import { traceHelpers } from './trace.ts'
import { xdpHelpers } from './xdp.ts'

export const HELPERS = {
  ...mapHelpers,
  ...ringbufHelpers,
  ...traceHelpers,
  ...timeHelpers,
  ...skbHelpers,
  ...xdpHelpers,
  ...sockHelpers,
  ...cgroupHelpers,
  ...miscHelpers,
} as const satisfies { readonly [N in keyof typeof HELPER_IDS]: HelperRow }

export type HelperName = keyof typeof HELPERS

export const HELPER_NAMES = Object.keys(HELPERS) as HelperName[] // `keys` is typed string[]

/** The row in its general type. */
export function helperRow(name: HelperName): HelperRow {
  return HELPERS[name]
}

/** `BPF_FUNC_*` number: the immediate of a call. */
export function helperId(name: HelperName): number {
  return HELPER_IDS[name]
}

const byId: ReadonlyMap<number, HelperName> = new Map(HELPER_NAMES.map((name) => [helperId(name), name]))
const byCamel: ReadonlyMap<string, HelperName> = new Map(HELPER_NAMES.map((name) => [toCamelName(name), name]))

export function helperById(id: number): HelperName | undefined {
  return byId.get(id)
}

/** By Lisp name in any case (`KTIME-GET-NS`), kernel name with or without `bpf_`, or camel case (`ktimeGetNs`). */
export function helperByName(name: string): HelperName | undefined {
  const kernel = toKernelName(name).replace(/^bpf_/, '')
  return Object.hasOwn(HELPERS, kernel) ? (kernel as HelperName) : byCamel.get(name)
}
