/**
 * Timers in map values (kernel/bpf/helpers.c, 6.18: bpf_timer_*). A timer is known by its address; it runs when the host
 * calls `runTimers` after its clock has passed the expiry. A timer whose entry is gone does not run.
 */

import type { Code } from '../code.ts'
import { ERRNO, VmError } from '../errno.ts'
import type { Machine, VmHelper } from '../machine.ts'
import type { VmMap } from '../maps/map.ts'
import { AccessError, type Pair } from '../memory.ts'

export interface Timer {
  readonly map: VmMap
  /** Of the timer in the map's values. */
  readonly offset: number
  callback: { readonly code: Code; readonly address: Pair } | undefined
  /** Nanoseconds of the VM's clock; undefined while it is not started. */
  expiry: bigint | undefined
}

/** BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN. */
const ABSOLUTE = 1n
const KNOWN_FLAGS = 3n
/** A timer that starts itself again without delay would never let time pass. */
const MAX_RUNS = 100_000

const keyOf = (m: Machine): string => `${m.hi[1]}:${m.lo[1]}`

const init: VmHelper = (m) => {
  const map = m.map(2)
  if (map.values === undefined || map.values.hi !== m.hi[1]) {
    throw new AccessError(`r1 is no timer in a value of map ${map.spec.name}`)
  }
  if (m.timers.has(keyOf(m))) return m.result(-ERRNO.EBUSY)
  m.timers.set(keyOf(m), { map, offset: (m.lo[1]! - map.values.base) | 0, callback: undefined, expiry: undefined })
  m.result(0)
}

const setCallback: VmHelper = (m) => {
  const timer = m.timers.get(keyOf(m))
  if (timer === undefined) return m.result(-ERRNO.EINVAL)
  timer.callback = { code: m.code, address: { lo: m.lo[2]!, hi: m.hi[2]! } }
  m.result(0)
}

const start: VmHelper = (m) => {
  const timer = m.timers.get(keyOf(m))
  const flags = m.u64(3)
  if (timer?.callback === undefined || (flags & ~KNOWN_FLAGS) !== 0n) return m.result(-ERRNO.EINVAL)
  timer.expiry = m.u64(2) + ((flags & ABSOLUTE) === 0n ? m.settings.now() : 0n)
  m.result(0)
}

/** 1 when it was waiting. */
const cancel: VmHelper = (m) => {
  const timer = m.timers.get(keyOf(m))
  if (timer === undefined) return m.result(-ERRNO.EINVAL)
  const waited = timer.expiry !== undefined
  timer.expiry = undefined
  m.result(waited ? 1 : 0)
}

export const timerHelpers = {
  timer_init: init,
  timer_set_callback: setCallback,
  timer_start: start,
  timer_cancel: cancel,
} satisfies Record<string, VmHelper>

/** The timer that expires first. */
export function nextTimer(m: Machine): (Timer & { readonly expiry: bigint }) | undefined {
  let first: (Timer & { readonly expiry: bigint }) | undefined
  for (const timer of m.timers.values()) {
    if (timer.expiry !== undefined && (first === undefined || timer.expiry < first.expiry)) {
      first = timer as Timer & { readonly expiry: bigint } // just tested
    }
  }
  return first
}

/** Runs what has expired, in the order of expiry; `call` executes the callback that r1..r3 were set for. */
export function runTimers(m: Machine, call: (timer: Timer, key: Uint8Array) => void): number {
  for (let runs = 0; ; runs++) {
    const timer = nextTimer(m)
    if (timer === undefined || timer.expiry > m.settings.now()) return runs
    if (runs >= MAX_RUNS)
      throw new VmError(`map ${timer.map.spec.name}: its timers ran ${MAX_RUNS} times at one moment`)
    ;(timer as Timer).expiry = undefined
    const key = entryOf(timer)
    if (key !== undefined) call(timer, key)
  }
}

/** Key of the entry whose value has the timer. */
function entryOf({ map, offset }: Timer): Uint8Array | undefined {
  for (let key = map.nextKey(undefined); key !== undefined; key = map.nextKey(key)) {
    const at = map.find(key, 0, 'peek')
    if (at >= 0 && offset >= at && offset < at + map.spec.valueSize) return key
  }
  return undefined
}

/** Offset of the value that has the timer. */
export function timerValue(timer: Timer, key: Uint8Array): number {
  return timer.map.find(key, 0, 'peek')
}
