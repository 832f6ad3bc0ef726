/**
 * perf events, as far as BPF programs hang on them: tracepoints, kprobes and uprobes. struct perf_event_attr
 * (include/uapi/linux/perf_event.h), version 1 (72 bytes), whose last fields are config1 and config2:
 *
 *   0 type u32 | 4 size u32 | 8 config u64 | 16 sample_period u64 | 40 flags u64 | 56 config1 u64 | 64 config2 u64
 */
import { addon } from './addon.ts'
import { syscall } from './syscall.ts'

const ATTR_BYTES = 72
const PERF_FLAG_FD_CLOEXEC = 8
/** include/uapi/linux/perf_event.h: _IO('$', 0), _IO('$', 1), _IOW('$', 8, __u32) */
const IOC = { ENABLE: 0x2400, DISABLE: 0x2401, SET_BPF: 0x40042408 } as const

/** enum perf_type_id */
export const PERF_TYPE = { HARDWARE: 0, SOFTWARE: 1, TRACEPOINT: 2 } as const
/** Bit of the flags word: the sample rate is a frequency. */
const ATTR_FREQ = 1 << 10

export interface PerfEvent {
  readonly type: number
  readonly config: number | bigint
  /** A name or path, handed over as an address. */
  readonly config1?: string | undefined
  readonly config2?: number | undefined
  /** Process to watch; all by default. */
  readonly pid?: number | undefined
  /** -1: wherever the process runs. Without a process the default is CPU 0: a probe fires on all of them. */
  readonly cpu?: number | undefined
  /** Samples a second. */
  readonly frequency?: number | undefined
  /** Events from one sample to the next. */
  readonly period?: number | undefined
}

/** File descriptor, or a negative errno. */
export function openPerfEvent(event: PerfEvent): number {
  const attr = new Uint8Array(ATTR_BYTES)
  const view = new DataView(attr.buffer)
  view.setUint32(0, event.type, true)
  view.setUint32(4, ATTR_BYTES, true)
  view.setBigUint64(8, BigInt(event.config), true)
  const text = event.config1 === undefined ? undefined : new TextEncoder().encode(`${event.config1}\0`)
  if (text) view.setBigUint64(56, BigInt(addon().addressOf(text)), true)
  view.setBigUint64(64, BigInt(event.config2 ?? 0), true)
  view.setBigUint64(16, BigInt(event.frequency ?? event.period ?? 0), true)
  if (event.frequency !== undefined) view.setUint32(40, ATTR_FREQ, true)
  const pid = event.pid ?? -1
  const cpu = event.cpu ?? (pid === -1 ? 0 : -1)
  return syscall('perf_event_open', attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC)
}

export function enablePerfEvent(fd: number): number {
  return syscall('ioctl', fd, IOC.ENABLE, 0)
}

export function disablePerfEvent(fd: number): number {
  return syscall('ioctl', fd, IOC.DISABLE, 0)
}

/** The way before BPF links (5.15). */
export function setPerfEventProgram(fd: number, program: number): number {
  return syscall('ioctl', fd, IOC.SET_BPF, program)
}

/** PERF_TYPE_SOFTWARE, PERF_COUNT_SW_BPF_OUTPUT, PERF_SAMPLE_RAW (include/uapi/linux/perf_event.h). */
const BPF_OUTPUT = { type: 1, config: 10, sampleType: 1 << 10 } as const

/** An event that programs write records into with perf_event_output; wakes a poll for every record. */
export function openBpfOutput(cpu: number): number {
  const attr = new Uint8Array(ATTR_BYTES)
  const view = new DataView(attr.buffer)
  view.setUint32(0, BPF_OUTPUT.type, true)
  view.setUint32(4, ATTR_BYTES, true)
  view.setBigUint64(8, BigInt(BPF_OUTPUT.config), true)
  view.setBigUint64(16, 1n, true) // sample_period
  view.setBigUint64(24, BigInt(BPF_OUTPUT.sampleType), true)
  view.setUint32(48, 1, true) // wakeup_events
  return syscall('perf_event_open', attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)
}
