/** Random statements about memory that others see, about the packet as a whole, and the loops besides `dotimes`. */
import { bind, type Scope, writable } from './scope.ts'
import type { Sexp } from './sexp.ts'
import { constant, test, value } from './values.ts'

type Body = (scope: Scope, most?: number) => Sexp[]
/** Undefined where the statement does not fit. */
export type Feature = (scope: Scope, body: Body) => Sexp | undefined

const ATOMICS = ['atomic-add', 'atomic-or', 'atomic-and', 'atomic-xor']

const FETCHING = ['atomic-fetch-add', 'atomic-xchg']

/** Into the result of a statement that has one. */
function keep(scope: Scope, form: Sexp): Sexp {
  const { random, places } = scope
  return places.length > 0 && random.oneIn(2) ? ['setf', random.pick(places), form] : form
}

/** On globals, the stack and map values; the verifier refuses packets (check_atomic, kernel/bpf/verifier.c, 6.18). */
export const atomic: Feature = (scope) => {
  const { random, program } = scope
  const places: { pointer: Sexp; offset: number; wide: boolean }[] = [
    { pointer: '(addr-of total)', offset: 0, wide: true },
    { pointer: '(addr-of half)', offset: 0, wide: false },
  ]
  for (const { pointer, size, kind } of writable(scope)) {
    if (kind === 'packet' || size < 8) continue
    places.push({ pointer, offset: 8 * random.below(Math.floor(size / 8)), wide: random.oneIn(2) })
  }
  const { pointer, offset, wide } = random.pick(places)
  const at = [pointer, String(offset)]
  const type = wide ? 'u64' : 'u32'
  // All but the plain add came with v3 (ISA of Linux 5.12).
  if (!program.fetches) return ['atomic-add', ...at, value(scope), type]
  if (random.oneIn(2)) return [random.pick(ATOMICS), ...at, value(scope), type]
  if (random.oneIn(3)) return keep(scope, ['atomic-cmpxchg', ...at, value(scope), value(scope), type])
  return keep(scope, [random.pick(FETCHING), ...at, value(scope), type])
}

export const globalArray: Feature = (scope) => {
  const { random } = scope
  const element: Sexp = ['aref', 'row', random.oneIn(2) ? String(random.below(4)) : ['logand', value(scope), '3']]
  return random.oneIn(3) ? ['incf', element, value(scope)] : ['setf', element, value(scope)]
}

/** Loops whose rounds the verifier follows; the counter is no place, so that they end. */
export const otherLoop: Feature = (scope, body) => {
  const { random, program } = scope
  if (scope.rounds > 3) return undefined
  const count = 1 + random.below(3)
  const name = program.fresh('i')
  const inner: Scope = {
    ...bind(scope, name, 'index'),
    rounds: scope.rounds * count,
    depth: Math.min(scope.depth, 3),
  }
  const leave: Sexp[] = random.oneIn(3) ? [['when', test(inner), [random.pick(['break', 'continue'])]]] : []
  const forms = [...body(inner, 2), ...leave, ...body(inner, 1)]
  switch (random.below(4)) {
    case 0:
      return ['let', [[name, '0']], ['while', ['<', name, String(count)], ['incf', name], ...forms]]
    case 1:
      return ['loop', 'for', name, 'from', '0', 'below', String(count), 'do', ['progn', ...forms]]
    case 2:
      return ['dotimes', [name, String(count)], ...forms]
    default:
      return ['let', [[name, '5']], ['loop', 'repeat', String(count), 'do', ['progn', ['decf', name], ...forms]]]
  }
}

/** Changes where the packet lies: only where no pointer into it is in reach. */
export const resize: Feature = (scope) => {
  const { random, program } = scope
  if (scope.regions.some(({ kind }) => kind === 'packet') || scope.rounds > 1 || scope.inFunction) return undefined
  const delta = String(random.below(9) * 4 - 16)
  switch (program.kind.type) {
    case 'xdp':
      return keep(scope, [random.pick(['xdp-adjust-head', 'xdp-adjust-tail']), '(ctx-ptr)', delta])
    case 'tc':
      if (random.oneIn(2)) return keep(scope, ['skb-pull-data', '(ctx-ptr)', String(random.below(64))])
      return keep(scope, ['skb-change-tail', '(ctx-ptr)', ['+', '(ctx len)', delta], '0'])
    default:
      return undefined
  }
}

/** Bytes of the packet through a helper. */
export const copied: Feature = (scope) => {
  const { random, program } = scope
  const stack = scope.regions.filter(({ kind }) => kind === 'stack')
  if (stack.length === 0 || scope.inFunction) return undefined
  const { pointer, size } = random.pick(stack)
  const offset: Sexp = random.oneIn(2) ? String(random.below(60)) : ['logand', value(scope), '63']
  const args = ['(ctx-ptr)', offset, pointer, String(1 + random.below(size))]
  const onXdp = program.kind.type === 'xdp'
  const stores = program.kind.packet === 'write' && !scope.regions.some(({ kind }) => kind === 'packet')
  if (stores && random.oneIn(3)) {
    return keep(scope, onXdp ? ['xdp-store-bytes', ...args] : ['skb-store-bytes', ...args, '0'])
  }
  return keep(scope, [onXdp ? 'xdp-load-bytes' : 'skb-load-bytes', ...args])
}

export const checksum: Feature = (scope) => {
  const { random, program } = scope
  const stack = scope.regions.filter(({ kind, size }) => kind === 'stack' && size >= 4)
  if (stack.length === 0 || program.kind.type === 'socket-filter' || program.kind.type === 'cgroup-skb')
    return undefined
  const [from, to] = [random.pick(stack), random.pick(stack)]
  const words = (size: number): string => String(4 * (1 + random.below(Math.floor(size / 4))))
  const args = [from.pointer, words(from.size), to.pointer, words(to.size), ['cast', 'u32', constant(random)]]
  return keep(scope, ['csum-diff', ...args])
}

/** A queue of numbers: the oldest first. */
export const queued: Feature = (scope) => {
  const { random } = scope
  const stack = writable(scope).filter(({ kind, size }) => kind === 'stack' && size >= 8)
  if (stack.length === 0) return undefined
  const { pointer } = random.pick(stack)
  if (random.oneIn(2)) return keep(scope, ['map-push-elem', 'queue', pointer, random.pick(['0', 'BPF_EXIST'])])
  return keep(scope, [random.pick(['map-pop-elem', 'map-peek-elem']), 'queue', pointer])
}

export const FEATURES: readonly Feature[] = [
  atomic,
  atomic,
  globalArray,
  otherLoop,
  otherLoop,
  resize,
  copied,
  checksum,
  queued,
]
