import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../../packages/core/src/diag/diagnostic.ts'
import { once, runSteps } from '../../../packages/core/src/opt/pass.ts'
import { threadBranches } from '../../../packages/core/src/opt/thread-branches.ts'
import { DEFAULT_OPTIONS } from '../../../packages/core/src/options.ts'
import { parseFunc } from '../../../packages/core/src/ssa/parse.ts'
import { printFunc } from '../../../packages/core/src/ssa/print.ts'
import { randomFrom } from '../../support/random.ts'
import { randomFunc } from '../../support/random-func.ts'
import { runSsa } from '../../support/ssa-interp.ts'

function thread(text: string): string {
  const fn = parseFunc(text)
  runSteps(fn, [once(threadBranches)], DEFAULT_OPTIONS)
  return printFunc(fn, 'dense')
}

describe('thread-branches', () => {
  it('tests an equal condition once per path', () => {
    const text = thread(`func p xdp {
b0:
  v0 = param 0
  v1:ptr = load.32 v0+0 packet
  v2:ptr = load.32 v0+4 packetEnd
  v3 = load.32 v0+12
  v4 = const 6
  v5 = const 2
  v6 = const 54
  v7:ptr = add.64 v1, v6
  br.eq.64 v3, v4 -> b1, b2
b1:
  br.ugt.64 v7, v2 -> b5, b2
b2:
  br.eq.64 v3, v4 -> b3, b4
b3:
  v8 = load.8 v1+47
  ret v8
b4:
  ret v4
b5:
  ret v5
}
`)
    expect(text).toContain('br.ugt.64 v7, v2 -> b4, b2')
    expect(text.match(/br\.eq/g)).toHaveLength(1)
  })

  it('follows constants through a phi', () => {
    const text = thread(`func p xdp {
b0:
  v0 = param 0
  v1 = load.32 v0+12
  v2 = const 0
  v3 = const 1
  br.ugt.64 v1, v3 -> b1, b2
b1:
  jump b3
b2:
  jump b3
b3:
  v4 = phi [b1: v2, b2: v3]
  br.ne.64 v4, v2 -> b4, b5
b4:
  ret v1
b5:
  ret v3
}
`)
    expect(text).not.toContain('phi')
    expect(text).not.toContain('br.ne')
  })

  it('leaves loop headers alone', () => {
    const loop = `func p xdp {
b0:
  v0 = param 0
  v1 = load.32 v0+12
  v2 = const 0
  v3 = const 1
  v4 = const 4
  jump b1
b1:
  v5 = phi [b0: v2, b2: v6]
  br.ult.64 v5, v4 -> b2, b3
b2:
  v6 = add.64 v5, v3
  jump b1
b3:
  ret v1
}
`
    expect(thread(loop)).toContain('br.ult.64')
  })

  it('keeps what 300 random functions do', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const fn = randomFunc(seed)
      const before = printFunc(fn)
      const random = randomFrom(seed)
      const bytes = (size: number) => Uint8Array.from({ length: size }, () => (random.oneIn(3) ? 0 : random.below(256)))
      const inputs = [0, 1, 2].map(() => ({ ctx: bytes(64), packet: bytes(random.pick([0, 20, 48])) }))
      const expected = inputs.map((input) => runSsa(fn, input))
      try {
        runSteps(fn, [once(threadBranches)], DEFAULT_OPTIONS)
      } catch (error) {
        if (error instanceof InvariantError) error.message += `\nseed ${seed}`
        throw error
      }
      const found = inputs.map((input) => runSsa(fn, input))
      expect(found, `seed ${seed}\n${before}`).toEqual(expected)
    }
  })
})
