/**
 * What a register probably points to, for every instruction of a function: accesses are then checked against that place
 * with one comparison, and only what fails it goes through the region table. So most hints may be wrong. Two kinds are
 * proofs: `stack` (exactly r10 plus the offset) and `constant`.
 */
import type { Code, ConstantPool } from '../vm/code.ts'
import { GROUP } from '../vm/code.ts'
import type { Block, Cfg } from './cfg.ts'

export type Hint =
  /** Proof. */
  | { readonly kind: 'stack'; readonly offset: number }
  /** Proof. */
  | { readonly kind: 'constant'; readonly lo: number; readonly hi: number }
  | { readonly kind: 'frame' }
  | { readonly kind: 'context' }
  | { readonly kind: 'packet' }
  /** The map value that the lookup at this instruction found. */
  | { readonly kind: 'value'; readonly site: number }

type State = (Hint | undefined)[]

export interface Hints {
  /** Of a register before the instruction; instructions are asked for in ascending order within a block. */
  at(block: Block): HintCursor
}

export interface HintCursor {
  get(register: number): Hint | undefined
  /** Goes on to the next instruction. */
  step(): void
}

/** What the program type adds: which loads give packet pointers, which calls give map values. */
export interface HintRules {
  readonly pool: ConstantPool
  /** r1 of the function is the context. */
  readonly isProgram: boolean
  isPacketField(offset: number): boolean
  isLookup(helper: number, map: Hint | undefined): boolean
}

/** After so many rounds over the function the rest is left without hints; programs need two or three. */
const MAX_ROUNDS = 10
const FRAME: Hint = { kind: 'frame' }
const CONTEXT: Hint = { kind: 'context' }
const PACKET: Hint = { kind: 'packet' }

export function findHints(code: Code, cfg: Cfg, rules: HintRules): Hints {
  const flow = new Flow(code, rules)
  const entry: State = new Array(11).fill(undefined)
  entry[10] = { kind: 'stack', offset: 0 }
  if (rules.isProgram) entry[1] = CONTEXT
  const before: (State | undefined)[] = cfg.order.map(() => undefined)
  before[0] = entry
  let stable = false
  for (let round = 0; round < MAX_ROUNDS && !stable; round++) stable = flow.round(cfg, before)
  const none: State = new Array(11).fill(undefined)
  return {
    at(block) {
      const state = [...(stable ? before[block.rpo]! : none)]
      let index = block.first
      return {
        get: (register) => state[register],
        step: () => stable && flow.transfer(index++, state),
      }
    },
  }
}

class Flow {
  private readonly code: Code
  private readonly rules: HintRules
  /** Hints of 8-byte values in the frame, by offset; of all stores to it. */
  private readonly spilled = new Map<number, Hint | undefined>()
  private changed = false

  constructor(code: Code, rules: HintRules) {
    this.code = code
    this.rules = rules
  }

  /** True when nothing changed. */
  round(cfg: Cfg, before: (State | undefined)[]): boolean {
    this.changed = false
    for (const block of cfg.order) {
      const state = [...before[block.rpo]!]
      for (let i = block.first; i <= block.last; i++) this.transfer(i, state)
      for (const succ of block.succs) before[succ.rpo] = this.join(before[succ.rpo], state)
    }
    return !this.changed
  }

  private join(old: State | undefined, state: State): State {
    if (old === undefined) {
      this.changed = true
      return [...state]
    }
    for (let r = 0; r <= 10; r++) {
      const joined = joinHints(old[r], state[r])
      if (!sameHint(joined, old[r])) {
        old[r] = joined
        this.changed = true
      }
    }
    return old
  }

  transfer(i: number, state: State): void {
    const { code } = this
    const dst = code.dst[i]!
    switch (code.group[i]) {
      case GROUP.alu64:
        state[dst] = this.alu(code.op[i]!, state[dst], this.operand(code.src[i]!, state))
        break
      case GROUP.alu32:
      case GROUP.endian:
      case GROUP.loadSigned:
        state[dst] = undefined
        break
      case GROUP.load:
        state[dst] = this.load(i, state)
        break
      case GROUP.store:
        this.store(i, state)
        break
      case GROUP.atomic:
        state[code.src[i]!] = undefined
        state[0] = undefined
        break
      case GROUP.helper:
        state[0] = this.rules.isLookup(code.off[i]!, state[1]) ? { kind: 'value', site: i } : undefined
        state.fill(undefined, 1, 6)
        break
      case GROUP.helperRegister:
      case GROUP.call:
      case GROUP.packetLoad:
        state.fill(undefined, 0, 6)
        break
    }
  }

  private operand(src: number, state: State): Hint | undefined {
    if (src <= 10) return state[src]
    return { kind: 'constant', lo: this.rules.pool.lo[src - 11]!, hi: this.rules.pool.hi[src - 11]! }
  }

  private alu(op: number, dst: Hint | undefined, src: Hint | undefined): Hint | undefined {
    if (op === 11) return src
    if (op !== 0 && op !== 1) return undefined
    const sign = op === 0 ? 1 : -1
    if (dst?.kind === 'stack' && src?.kind === 'constant' && src.hi === src.lo >> 31) {
      const offset = dst.offset + sign * src.lo
      return Math.abs(offset) < 0x1_0000 ? { kind: 'stack', offset } : FRAME
    }
    if (dst?.kind === 'constant' && src?.kind === 'constant') return sum(dst, sign, src)
    if (isPlace(dst)) return moved(dst)
    return op === 0 && isPlace(src) ? moved(src) : undefined
  }

  private load(i: number, state: State): Hint | undefined {
    const { code } = this
    const base = state[code.src[i]!]
    if (base?.kind === 'context') return this.rules.isPacketField(code.off[i]!) ? PACKET : undefined
    if (base?.kind === 'stack' && code.op[i] === 8) return this.spilled.get(base.offset + code.off[i]!)
    return undefined
  }

  private store(i: number, state: State): void {
    const { code } = this
    const base = state[code.dst[i]!]
    if (base?.kind !== 'stack' || code.op[i] !== 8 || code.src[i]! > 10) return
    const slot = base.offset + code.off[i]!
    // Other stores may overlap the slot: what comes back is no proof.
    const hint = loose(state[code.src[i]!])
    const known = this.spilled.has(slot)
    const joined = known ? joinHints(this.spilled.get(slot), hint) : hint
    if (known && sameHint(joined, this.spilled.get(slot))) return
    this.spilled.set(slot, joined)
    this.changed = true
  }
}

function sum(a: Hint & { kind: 'constant' }, sign: number, b: Hint & { kind: 'constant' }): Hint {
  const whole = (lo: number, hi: number) => (BigInt(hi) << 32n) | BigInt(lo >>> 0)
  const value = whole(a.lo, a.hi) + BigInt(sign) * whole(b.lo, b.hi)
  return { kind: 'constant', lo: Number(BigInt.asIntN(32, value)), hi: Number(BigInt.asIntN(32, value >> 32n)) }
}

const isPlace = (hint: Hint | undefined): hint is Hint => hint !== undefined && hint.kind !== 'constant'

/** Without its proof. */
function loose(hint: Hint | undefined): Hint | undefined {
  if (hint?.kind === 'stack') return FRAME
  return hint?.kind === 'constant' ? undefined : hint
}

/** A pointer that something was added to; contexts are only known at their start. */
function moved(hint: Hint): Hint | undefined {
  return hint.kind === 'context' ? undefined : loose(hint)
}

function sameHint(a: Hint | undefined, b: Hint | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined || a.kind !== b.kind) return false
  if (a.kind === 'stack' && b.kind === 'stack') return a.offset === b.offset
  if (a.kind === 'constant' && b.kind === 'constant') return a.lo === b.lo && a.hi === b.hi
  return a.kind !== 'value' || (b.kind === 'value' && a.site === b.site)
}

function joinHints(a: Hint | undefined, b: Hint | undefined): Hint | undefined {
  if (sameHint(a, b)) return a
  // A null pointer on one side: the place on the other is still the best guess.
  if (a?.kind === 'constant' && isPlace(b)) return b.kind === 'stack' ? FRAME : b
  if (b?.kind === 'constant' && isPlace(a)) return a.kind === 'stack' ? FRAME : a
  if (a?.kind === 'stack' || a?.kind === 'frame') return b?.kind === 'stack' || b?.kind === 'frame' ? FRAME : undefined
  return undefined
}
