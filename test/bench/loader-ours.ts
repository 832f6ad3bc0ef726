/** The work of `c/loader/baseline.c` by our loader and handles: least nanoseconds per operation, by the same names. */
import { readFileSync } from 'node:fs'
import { fromElf } from '../../packages/core/src/object/from-elf.ts'
import { codecFor } from '../../packages/core/src/runtime/codec.ts'
import { createHandles } from '../../packages/core/src/runtime/object-handle.ts'
import type { ArrayMap, HashMap, RingBuffer } from '../../packages/core/src/runtime/types.ts'
import { layoutStruct } from '../../packages/core/src/types/layout.ts'
import { u32, u64 } from '../../packages/core/src/types/types.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { generatedCodec } from './generated-codec.ts'

/** As in baseline.c. */
const [ENTRIES, BATCHES, OPS, RECORDS] = [8192, 150, 512, 4096]
/** More than in C, so that V8 has compiled what it will. */
const LOADS = 100

export interface Paths {
  readonly maps: string
  readonly load: string
  readonly core: string
}

/** 64 bytes: two of 64 bits, twelve of 32. */
const RECORD = layoutStruct('record', [
  { name: 'seq', type: u64 },
  { name: 'time', type: u64 },
  { name: 'pid', type: u32 },
  { name: 'cpu', type: u32 },
  ...Array.from({ length: 10 }, (_, i) => ({ name: `value_${i}`, type: u32 })),
])

interface Maps {
  readonly flows: HashMap<number, bigint>
  readonly shared: ArrayMap<bigint>
  readonly events: RingBuffer<{ seq: bigint }>
}

export function openMaps(path: string) {
  return createHandles(loadKernelObject(fromElf(new Uint8Array(readFileSync(path)))), {
    name: 'bench',
    maps: {
      flows: { name: 'flows', kind: 'hash', key: codecFor(u32), value: codecFor(u64) },
      shared: { name: 'shared', kind: 'array', value: codecFor(u64) },
      events: { name: 'events', kind: 'ringbuf', value: generatedCodec(RECORD) },
    },
    programs: {},
  })
}

/** Least nanoseconds of one of `count` operations. */
function least(rounds: number, count: number, work: () => void, before: () => void = () => {}): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < rounds; i++) {
    before()
    const begin = process.hrtime.bigint()
    work()
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / count)
  }
  return best
}

export function measureOurs(paths: Paths): Record<string, number> {
  // First of all: whatever is kept between loads is not there yet.
  const cold = least(1, 1, () => loadKernelObject(fromElf(new Uint8Array(readFileSync(paths.core)))).close())
  const object = openMaps(paths.maps)
  try {
    const maps = object.maps as Maps
    return {
      ...elementTimes(maps),
      ...drainTimes(maps, (count) => object.raw.programs.get('fill')!.run({ data: new Uint8Array(64), repeat: count })),
      load: loadTime(paths.load),
      cold,
      core: loadTime(paths.core),
    }
  } finally {
    object.close()
  }
}

function elementTimes({ flows, shared }: Maps): Record<string, number> {
  flows.setAll(Array.from({ length: ENTRIES }, (_, key) => [key, 1n]))
  let sum = 0n
  const lookup = least(BATCHES, OPS, () => {
    for (let key = 0; key < OPS; key++) sum += flows.get(key)!
  })
  const update = least(BATCHES, OPS, () => {
    for (let key = 0; key < OPS; key++) flows.set(key, sum)
  })
  let total = 0
  const batch = least(BATCHES / 2, ENTRIES, () => {
    flows.forEach((value, key) => {
      total += key
      sum += value
    })
  })
  const iterated = least(BATCHES / 2, ENTRIES, () => {
    for (const [key, value] of flows) {
      total += key
      sum += value
    }
  })
  const mapped = least(BATCHES, OPS, () => {
    for (let index = 0; index < OPS; index++) sum += shared.get(index)
  })
  if (total === 0 || sum === 0n) throw new Error('nothing was read')
  return { lookup, update, batch, iterated, mapped }
}

function drainTimes({ events }: Maps, fill: (count: number) => void): Record<string, number> {
  let sum = 0
  using cursor = events.cursor()
  const inPlace = () => {
    while (cursor.next()) sum += cursor.u32(0)
  }
  const zeroCopy = least(BATCHES, RECORDS, inPlace, () => fill(RECORDS))
  cursor.close()
  if (sum === 0) throw new Error('nothing was read')
  const decode = () => {
    if (events.drain().length !== RECORDS) throw new Error('records are missing')
  }
  const decoded = least(BATCHES, RECORDS, decode, () => fill(RECORDS))
  return { drain: zeroCopy, decoded }
}

function loadTime(path: string): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < LOADS; i++) {
    const begin = process.hrtime.bigint()
    const object = loadKernelObject(fromElf(new Uint8Array(readFileSync(path))))
    best = Math.min(best, Number(process.hrtime.bigint() - begin))
    object.close()
  }
  return best
}
