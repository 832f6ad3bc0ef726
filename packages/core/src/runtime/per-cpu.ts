/** Values of per-CPU maps: one per possible CPU, each on its own multiple of 8 bytes (kernel ABI). */
import { roundUp } from '../types/layout.ts'
import type { MapInit } from './handle.ts'

type Init<V> = Pick<MapInit<unknown, V>, 'backend' | 'value'>

export function decodePerCpu<V>({ backend, value }: Init<V>, bytes: Uint8Array, offset = 0): V[] {
  const stride = roundUp(backend.spec.valueSize, 8)
  return Array.from({ length: backend.cpus }, (_, cpu) => value.decode(bytes, offset + cpu * stride))
}

/** `given`: one value for every CPU, or an array with one per CPU. */
export function encodePerCpu<V>({ backend, value }: Init<V>, given: V | readonly V[]): Uint8Array {
  const stride = roundUp(backend.spec.valueSize, 8)
  const out = new Uint8Array(stride * backend.cpus)
  if (Array.isArray(given) && given.length !== backend.cpus) {
    const { name } = backend.spec
    throw new RangeError(`map ${name}: expected one value per CPU (${backend.cpus}), got ${given.length}`)
  }
  for (let cpu = 0; cpu < backend.cpus; cpu++) {
    // Array.isArray does not narrow a readonly array out of V.
    value.encode(Array.isArray(given) ? (given[cpu] as V) : (given as V), out, cpu * stride)
  }
  return out
}

/** Total over all CPUs; only for integers. */
export function sumValues<V>(values: readonly V[], map: string): V {
  const all: readonly unknown[] = values
  if (all.every((value) => typeof value === 'bigint')) return all.reduce((sum: bigint, v) => sum + v, 0n) as V
  if (all.every((value) => typeof value === 'number')) return all.reduce((sum: number, v) => sum + v, 0) as V
  throw new TypeError(`map ${map}: sum() needs integer values; use perCpu() and add up what you need`)
}
