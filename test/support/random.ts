/** A small seeded generator (mulberry32), so that a failing random test can be repeated from its seed. */
export interface Random {
  /** 0 .. limit-1 */
  below(limit: number): number
  /** True with probability 1/n. */
  oneIn(n: number): boolean
  pick<T>(items: readonly T[]): T
  /** 64 bits, edge values and small numbers more often than chance. */
  u64(): bigint
}

export function randomFrom(seed: number): Random {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  const below = (limit: number) => next() % limit
  const wide = () => (BigInt(next()) << 32n) | BigInt(next())
  const makers: (() => bigint)[] = [
    () => BigInt(below(10)),
    () => BigInt.asUintN(64, -BigInt(below(10))),
    () => 1n << BigInt(below(64)),
    () => (1n << BigInt(below(64))) - 1n,
    () => BigInt(below(0x10000)),
    () => BigInt(next()),
    wide,
  ]
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick: (items) => items[below(items.length)]!,
    u64: () => makers[below(makers.length)]!(),
  }
}
