/** Tracing: printk, reads of foreign memory (here: of the VM's own regions), perf events. */
import { ERRNO } from '../errno.ts'
import { formatPrintk } from '../format.ts'
import type { Machine, VmHelper } from '../machine.ts'
import { AccessError } from '../memory.ts'

const latin1 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

/** undefined where the kernel refuses the format. */
export function printf(m: Machine, format: Uint8Array, args: readonly bigint[]): string | undefined {
  return formatPrintk(latin1(untilNul(format)), args, (address) => readCString(m, address) ?? '(fault)')
}

/** The array of u64 that stands for the arguments. */
export function formatArguments(data: Uint8Array): bigint[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return Array.from({ length: data.length / 8 }, (_, i) => view.getBigUint64(8 * i, true))
}

function emit(m: Machine, format: Uint8Array, args: readonly bigint[]): void {
  const text = printf(m, format, args)
  if (text !== undefined) m.settings.onPrintk?.(text)
  m.result(text === undefined ? -ERRNO.EINVAL : new TextEncoder().encode(text).length)
}

const printk: VmHelper = (m) => emit(m, m.bytes(1, m.u32(2), 'read'), [m.u64(3), m.u64(4), m.u64(5)])

const vprintk: VmHelper = (m) => {
  const length = m.u32(4)
  if (length % 8 !== 0) return m.result(-ERRNO.EINVAL)
  emit(m, m.bytes(1, m.u32(2), 'read'), formatArguments(m.bytes(3, length, 'read')))
}

/** Bytes at an address that the program does not vouch for: undefined instead of a fault. */
function tryRead(m: Machine, register: number, length: number): Uint8Array | undefined {
  try {
    return m.bytes(register, length, 'read')
  } catch (error) {
    if (error instanceof AccessError) return undefined
    throw error
  }
}

function readCString(m: Machine, address: bigint): string | undefined {
  const hi = Number(address >> 32n) | 0
  const region = m.memory.find(hi)
  if (region === undefined) return undefined
  try {
    const lo = Number(address & 0xffff_ffffn) | 0
    const offset = m.memory.locate(lo, hi, 1, 'read')
    return latin1(untilNul(region.bytes.subarray(offset, region.end)))
  } catch (error) {
    if (error instanceof AccessError) return undefined
    throw error
  }
}

const probeRead: VmHelper = (m) => {
  const out = m.bytes(1, m.u32(2), 'write')
  const data = tryRead(m, 3, out.length)
  // As in the kernel, a failed read leaves zeros.
  if (data === undefined) out.fill(0)
  else out.set(data)
  m.result(data === undefined ? -ERRNO.EFAULT : 0)
}

const probeReadString: VmHelper = (m) => {
  const out = m.bytes(1, m.u32(2), 'write')
  const text = readCString(m, m.u64(3))
  out.fill(0)
  if (text === undefined) return m.result(-ERRNO.EFAULT)
  const bytes = new TextEncoder().encode(text).subarray(0, Math.max(0, out.length - 1))
  out.set(bytes)
  // Length with the NUL.
  m.result(out.length === 0 ? 0 : bytes.length + 1)
}

/** BPF_F_CURRENT_CPU. */
const CURRENT_CPU = 0xffff_ffff

const perfEventOutput: VmHelper = (m) => {
  const map = m.map(2)
  const index = m.u32(3)
  const cpu = index === CURRENT_CPU ? m.settings.cpu : index
  if (cpu >= map.spec.maxEntries && map.spec.maxEntries !== 0) return m.result(-ERRNO.E2BIG)
  const data = m.bytes(4, m.u32(5), 'read').slice()
  // Bits 32..51 of the flags: bytes of the packet to append (BPF_F_CTXLEN_MASK).
  const extra = m.hi[3]! & 0xf_ffff
  const packet = m.run.packet?.copy().subarray(0, extra) ?? new Uint8Array(0)
  if (packet.length < extra) return m.result(-ERRNO.EFAULT)
  const record = new Uint8Array(data.length + packet.length)
  record.set(data)
  record.set(packet, data.length)
  // A listener takes the record at once; otherwise it waits for a reader of the map.
  const { onPerfEvent } = m.settings
  const taken = onPerfEvent === undefined ? map.perf?.write(record) !== false : true
  onPerfEvent?.({ map: map.spec.name, cpu, data: record })
  m.result(taken ? 0 : -ERRNO.ENOSPC)
}

const strncmp: VmHelper = (m) => {
  const a = m.bytes(1, m.u32(2), 'read')
  const b = untilNul(restOf(m, 3))
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return m.result(difference)
    if (a[i] === 0) break
  }
  m.result(0)
}

/** From the address to the end of its region. */
export function restOf(m: Machine, register: number): Uint8Array {
  const offset = m.memory.locate(m.lo[register]!, m.hi[register]!, 1, 'read')
  return m.memory.region.bytes.subarray(offset, m.memory.region.end)
}

export const traceHelpers = {
  trace_printk: printk,
  trace_vprintk: vprintk,
  probe_read: probeRead,
  probe_read_kernel: probeRead,
  probe_read_user: probeRead,
  probe_read_str: probeReadString,
  probe_read_kernel_str: probeReadString,
  probe_read_user_str: probeReadString,
  perf_event_output: perfEventOutput,
  strncmp,
} satisfies Record<string, VmHelper>
