/**
 * Stack of call chains: all frames together have 512 bytes, and there are at most 8 of them (`check_max_stack_depth` in
 * kernel/bpf/verifier.c, 6.18; each frame is rounded up to 16 bytes when there is a JIT).
 *
 *   in:  the code of programs and functions; functions do not call themselves
 *   out: `stack-overflow` for the deepest chain of each program that is too deep
 */
import type { Bag } from '../diag/diagnostic.ts'
import type { FunctionDecl, ProgramDecl } from '../forms/module.ts'
import type { MachineCode } from '../object/object.ts'

const MAX_STACK = 512
const MAX_FRAMES = 8
const ROUNDING = 16

interface Chain {
  readonly bytes: number
  readonly names: readonly string[]
}

type Code = ReadonlyMap<ProgramDecl | FunctionDecl, MachineCode>

export function checkCallDepth(programs: readonly ProgramDecl[], code: Code, bag: Bag): void {
  const byName = new Map([...code].map(([decl, machine]) => [decl.name, machine]))
  const known = new Map<string, readonly Chain[]>()
  const chainsFrom = (name: string): readonly Chain[] => {
    const found = known.get(name)
    if (found) return found
    const machine = byName.get(name)
    const own = Math.ceil(Math.max(1, machine?.stackSize ?? 0) / ROUNDING) * ROUNDING
    const callees = [...new Set((machine?.references ?? []).filter((r) => r.kind !== 'kfunc').map((r) => r.function))]
    const below = callees.flatMap(chainsFrom)
    const all = [{ bytes: 0, names: [] }, ...below].map((c) => ({ bytes: c.bytes + own, names: [name, ...c.names] }))
    // Only the largest and the longest can break a rule.
    const chains = [largest(all, (c) => c.bytes), largest(all, (c) => c.names.length)]
    known.set(name, chains)
    return chains
  }
  for (const program of programs) {
    const [most, longest] = chainsFrom(program.name) as [Chain, Chain]
    const path = (chain: Chain) => chain.names.join(' -> ')
    if (most.names.length > 1 && most.bytes > MAX_STACK)
      bag.error('stack-overflow', program.span, `${path(most)} need ${most.bytes} bytes of stack together`, {
        hint: `the kernel allows ${MAX_STACK} for a program and the functions that it calls`,
      })
    else if (longest.names.length > MAX_FRAMES)
      bag.error('stack-overflow', program.span, `${path(longest)}: ${longest.names.length} calls inside each other`, {
        hint: `the kernel allows ${MAX_FRAMES}`,
      })
  }
}

function largest(chains: readonly Chain[], by: (chain: Chain) => number): Chain {
  return chains.reduce((best, chain) => (by(chain) > by(best) ? chain : best))
}
