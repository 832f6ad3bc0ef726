/**
 * Random core forms for XDP programs that the checks accept: arithmetic of every op, typed locals, control flow, bounded
 * loops, stack buffers, packet reads behind a bounds check, map operations. Equal seeds give equal programs.
 */
import type { MapDecl } from '../../packages/core/src/forms/module.ts'
import type { Form, Label, Local } from '../../packages/core/src/forms/node.ts'
import type { BinaryOpName, Pred } from '../../packages/core/src/tables/ir-ops.ts'
import type { IntType } from '../../packages/core/src/types/types.ts'
import { SCALARS, u32 } from '../../packages/core/src/types/types.ts'
import * as f from './form-builders.ts'
import { randomFrom } from './random.ts'

type Random = ReturnType<typeof randomFrom>

export const RANDOM_MAPS: readonly MapDecl[] = [
  f.mapDecl('hash', 'hash'),
  f.mapDecl('array', 'array', { maxEntries: 4 }),
  f.mapDecl('one', 'array', { maxEntries: 1 }),
  f.mapDecl('small', 'hash', { keySize: 2, valueSize: 1 }),
  f.mapDecl('per_cpu', 'percpu_array', { maxEntries: 4 }),
]
/** Bytes of the packet that the programs may read. */
const PACKET_BYTES = 32
const BUFFER_BYTES = 24
const OPS: readonly BinaryOpName[] = ['add', 'sub', 'mul', 'udiv', 'umod', 'and', 'or', 'xor', 'shl', 'lshr', 'ashr']
const PREDS: readonly Pred[] = ['eq', 'ne', 'ult', 'ule', 'ugt', 'uge', 'slt', 'sle', 'sgt', 'sge']
const TYPES: readonly IntType[] = Object.values(SCALARS)
const CONSTANTS = [0n, 1n, 2n, 7n, 63n, 255n, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 40n, -1n, -2n]

interface Scope {
  readonly random: Random
  readonly locals: readonly Local[]
  readonly labels: readonly Label[]
  readonly data: Local
  readonly buffer: Local
  /** How much deeper the form may get. */
  readonly depth: number
}

export function randomBody(seed: number): Form {
  const data = f.local('data')
  const buffer = f.local('buffer')
  const scope: Scope = { random: randomFrom(seed), locals: [], labels: [], data, buffer, depth: 6 }
  const check = f.cmp('ugt', f.bin('add', f.get(data), f.num(PACKET_BYTES)), f.ctxLoad(u32, 4))
  const body = f.let_(buffer, f.alloc(BUFFER_BYTES), statement(scope), statement(scope), value(scope))
  return f.let_(data, f.ctxLoad(u32, 0), f.if_(check, f.ret(f.num(0))), body)
}

const deeper = (scope: Scope): Scope => ({ ...scope, depth: scope.depth - 1 })

function statement(outer: Scope): Form {
  const { random } = outer
  const scope = deeper(outer)
  if (scope.depth <= 0) return value(scope)
  switch (random.below(10)) {
    case 0:
      return f.seq(statement(scope), statement(scope))
    case 1:
      return f.if_(value(scope), statement(scope), random.oneIn(2) ? statement(scope) : undefined)
    case 2:
      return withLocal(scope, (inner) => f.seq(statement(inner), statement(inner)))
    case 3:
      return loop(scope)
    case 4:
      return mapChange(scope)
    case 5: {
      const type = random.pick(TYPES)
      return f.store(type, f.get(scope.buffer), place(random, type, BUFFER_BYTES), value(scope))
    }
    case 6:
      return f.if_(value(scope), leave(scope))
    case 7:
      return blockOperation(scope)
    default:
      return assignment(scope)
  }
}

function value(outer: Scope): Form {
  const { random } = outer
  const scope = deeper(outer)
  if (scope.depth <= 0 || random.oneIn(5)) return leaf(scope)
  switch (random.below(11)) {
    case 0:
      return f.if_(value(scope), value(scope), value(scope))
    case 1:
      return f.and(value(scope), value(scope), value(scope))
    case 2:
      return f.or(value(scope), value(scope))
    case 3:
      return f.not(value(scope))
    case 4:
      return f.cmp(random.pick(PREDS), value(scope), value(scope))
    case 5:
      return f.cast(random.pick(TYPES), value(scope))
    case 6:
      return f.form('bswap', { bits: random.pick([16, 32, 64] as const), value: value(scope) })
    case 7:
      return withLocal(scope, (inner) => f.seq(statement(inner), value(inner)))
    case 8:
      return block(scope)
    case 9:
      return f.form('mapGet', element(scope))
    default:
      return binary(scope)
  }
}

function leaf({ random, locals, data, buffer }: Scope): Form {
  const type = random.pick(TYPES)
  switch (random.below(4)) {
    case 0:
      return f.num(random.pick(CONSTANTS))
    case 1:
      return f.load(type, f.get(data), place(random, type, PACKET_BYTES))
    case 2:
      return f.load(type, f.get(buffer), place(random, type, BUFFER_BYTES))
    default:
      return locals.length > 0 ? f.get(random.pick(locals)) : f.num(random.below(100))
  }
}

/** A natural offset: the verifier wants stack accesses aligned. */
function place(random: Random, type: IntType, size: number): number {
  const bytes = type.bits / 8
  return random.below(size / bytes) * bytes
}

function binary(scope: Scope): Form {
  const op = scope.random.pick(OPS)
  const left = value(scope)
  if (op === 'shl' || op === 'lshr' || op === 'ashr') return f.bin(op, left, f.num(scope.random.below(64)))
  if (op !== 'udiv' && op !== 'umod') return f.bin(op, left, value(scope))
  // A constant zero is a compile error; a computed one has BPF's meaning.
  const right = value(scope)
  return f.bin(op, left, right.kind === 'const' ? f.num(1 + scope.random.below(9)) : right)
}

function withLocal(scope: Scope, body: (scope: Scope) => Form): Form {
  const type = scope.random.oneIn(2) ? scope.random.pick(TYPES) : undefined
  const local = f.local(`x${scope.locals.length}`, type)
  const init = scope.random.oneIn(5) ? undefined : value(scope)
  return f.let_(local, init, body({ ...scope, locals: [...scope.locals, local] }))
}

function assignment(scope: Scope): Form {
  if (scope.locals.length === 0) return value(scope)
  return f.set(scope.random.pick(scope.locals), value(scope))
}

/** Small counts, because the verifier follows every round. */
function loop(scope: Scope): Form {
  const i = f.local('i', u32)
  const inner = { ...scope, locals: [...scope.locals, i], depth: Math.min(scope.depth, 3) }
  return f.form('repeat', { local: i, count: scope.random.below(4), body: statement(inner) })
}

function block(scope: Scope): Form {
  const label = { name: 'out' }
  const inner = { ...scope, labels: [...scope.labels, label] }
  return f.form('block', { label, body: f.seq(statement(inner), value(inner)) })
}

function leave({ random, labels, ...scope }: Scope): Form {
  const result = value({ random, labels, ...scope })
  return labels.length > 0 ? f.form('leave', { label: random.pick(labels), value: result }) : f.ret(result)
}

function element(scope: Scope): { map: MapDecl; key: ReturnType<typeof f.scalar> } {
  const map = scope.random.pick(RANDOM_MAPS)
  const key = scope.random.oneIn(2) ? f.num(scope.random.below(3)) : f.bin('and', value(scope), f.num(3))
  return { map, key: f.scalar(key) }
}

function mapChange(scope: Scope): Form {
  const { map, key } = element(scope)
  const { random } = scope
  const counts = map.valueSize >= 4
  switch (random.below(counts ? 4 : 2)) {
    case 0:
      return f.form('mapUpdate', { map, key, value: f.scalar(safe(value(scope), map)), flags: f.num(random.below(3)) })
    case 1:
      return map.type === 'hash' ? f.form('mapDelete', { map, key }) : f.form('mapGet', { map, key })
    default:
      return f.form('mapAdd', { map, key, delta: value(scope), op: random.oneIn(2) ? 'add' : 'sub' })
  }
}

/** Constants that do not fit the value are refused. */
const safe = (form: Form, map: MapDecl): Form => (map.valueSize < 8 ? f.bin('and', form, f.num(0xff)) : form)

function blockOperation({ random, buffer, data, ...scope }: Scope): Form {
  const size = random.below(12)
  const offset = random.below(BUFFER_BYTES - 12)
  if (random.oneIn(2)) {
    const byte = random.oneIn(2) ? f.num(random.below(256)) : value({ random, buffer, data, ...scope })
    return f.form('memset', { ptr: f.get(buffer), offset, byte, size })
  }
  const srcOffset = random.below(PACKET_BYTES - 12)
  return f.form('memcpy', { dst: f.get(buffer), dstOffset: offset, src: f.get(data), srcOffset, size })
}
