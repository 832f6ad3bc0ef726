/**
 * Records that did not fit into a ring buffer. The kernel does not count them (bpf_ringbuf_reserve just gives NULL), so the
 * program has to: in a global variable or a one-entry array named after the buffer, `events_lost` for `events`.
 */
import type { MapBackend, ObjectBackend } from './backend.ts'

/** Undefined when the program does not count. */
export function lostCounter({ object, maps }: ObjectBackend, ring: string): (() => number) | undefined {
  const name = `${ring}_lost`
  const variable = object.variables?.find((each) => each.name === name)
  const section = variable && maps.get(variable.map)
  if (variable && section?.memory) return () => readCount(section.memory!(), variable.offset, variable.size)
  const counter = maps.get(name)
  if (counter === undefined || !/^(percpu_)?array$/.test(counter.spec.type)) return undefined
  return () => sumCpus(counter)
}

function sumCpus(counter: MapBackend): number {
  const bytes = counter.lookup(new Uint8Array(4)) ?? new Uint8Array(0)
  const stride = bytes.length / counter.cpus
  let sum = 0
  for (let at = 0; at + stride <= bytes.length && stride > 0; at += stride) {
    sum += readCount(bytes, at, counter.spec.valueSize)
  }
  return sum
}

/** A counter of 4 or 8 bytes. */
function readCount(bytes: Uint8Array, offset: number, size: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return size >= 8 ? Number(view.getBigUint64(offset, true)) : view.getUint32(offset, true)
}
