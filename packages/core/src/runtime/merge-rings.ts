/** Several ring buffers as one stream: whichever has a record gives it, and nothing is read while nobody asks. */
import type { RingBuffer } from './types.ts'

/** A record and the name of the ring that it came from. */
export type MergedRecord<R> = {
  readonly [K in keyof R]: R[K] extends RingBuffer<infer E> ? readonly [K, E] : never
}[keyof R]

/** Ends when all of them have ended; leaving the loop stops reading all. */
export async function* mergeRings<R extends Readonly<Record<string, RingBuffer<unknown>>>>(
  rings: R,
): AsyncGenerator<MergedRecord<R>, void, undefined> {
  const iterators = new Map(Object.entries(rings).map(([name, ring]) => [name, ring[Symbol.asyncIterator]()]))
  const step = async (name: string) => ({ name, result: await iterators.get(name)!.next() })
  const pending = new Map([...iterators.keys()].map((name) => [name, step(name)]))
  try {
    while (pending.size > 0) {
      const { name, result } = await Promise.race(pending.values())
      // Behind the others, so that a busy ring does not keep them waiting.
      pending.delete(name)
      if (result.done === true) continue
      pending.set(name, step(name))
      yield [name, result.value] as unknown as MergedRecord<R> // the names are the keys of R
    }
  } finally {
    for (const iterator of iterators.values()) void iterator.return?.()
  }
}
