/** The ways in which programs look at packets, each with what may be read afterwards. */
import { bind, type Region, type Scope, withRegion } from './scope.ts'
import type { Sexp } from './sexp.ts'
import { value } from './values.ts'

type Body = (scope: Scope) => readonly Sexp[]

interface Bounds {
  readonly data: string
  readonly end: string
}

const region = (pointer: string, size: number): Region => ({ pointer, size, kind: 'packet' })
const readOnly = (pointer: string, size: number): Region => ({ ...region(pointer, size), readOnly: true })

export function openPacket(scope: Scope, body: Body): Sexp {
  const { random, program } = scope
  const bounds = { data: program.fresh('data'), end: program.fresh('end') }
  // The macros of the language know XDP and TC.
  return program.kind.packet === 'read' ? byHand(scope, bounds, body) : random.pick(WAYS)(scope, bounds, body)
}

type Way = (scope: Scope, bounds: Bounds, body: Body) => Sexp

const byLength: Way = (scope, { data, end }, body) => {
  const size = 14 + scope.random.below(50)
  const name = scope.program.kind.type === 'tc' ? 'with-tc-packet' : 'with-packet'
  const inner = withRegion(scope, region(data, size))
  return [name, [data, end, ':min-len', String(size)], ...body(inner), ...further(inner, { data, end }, body)]
}

const ethernet: Way = (scope, { data, end }, body) => [
  'with-eth',
  [data, end],
  ...body(withRegion(scope, region(data, 14))),
]

/** Macro, size of the header it binds, and where that lies. */
const PROTOCOLS = [
  { macro: 'with-ipv4', size: 20, field: '(ipv4-src-addr %)' },
  { macro: 'with-ipv6', size: 40, field: '(ipv6-nexthdr %)' },
  { macro: 'with-tcp', size: 20, field: '(tcp-dst-port %)' },
  { macro: 'with-udp', size: 8, field: '(udp-dst-port %)' },
  { macro: 'with-icmp', size: 8, field: '(icmp-type %)' },
] as const

const protocol: Way = (scope, { data, end }, body) => {
  const { random, program } = scope
  const { macro, size, field } = random.pick(PROTOCOLS)
  const header = program.fresh('header')
  const name = program.fresh('v')
  const options = ['with-tcp', 'with-udp'].includes(macro) && random.oneIn(4) ? [':options', 't'] : []
  const inner = withRegion(withRegion(bind(scope, name), region(data, 34)), region(header, size))
  return [macro, [data, end, header, ...options], ['let', [[name, field.replace('%', header)]], ...body(inner)]]
}

const PARSERS = [
  { macro: 'parse-ipv4', size: 20 },
  { macro: 'parse-tcp', size: 20 },
  { macro: 'parse-udp', size: 8 },
] as const

const parsed: Way = (scope, { data, end }, body) => {
  const { macro, size } = scope.random.pick(PARSERS)
  const header = scope.program.fresh('header')
  const inner = withRegion(scope, region(header, size))
  const bounds: Sexp = [
    [data, ['xdp-data']],
    [end, ['xdp-data-end']],
  ]
  return ['let', bounds, ['when-let', [[header, [macro, data, end]]], ...body(inner)]]
}

const byHand: Way = (scope, { data, end }, body) => {
  const { random } = scope
  const size = String(14 + random.below(50))
  const known = scope.program.kind.packet === 'read' ? readOnly : region
  const inner = withRegion(scope, known(data, Number(size)))
  const bounds: Sexp = [
    [data, '(ctx data)'],
    [end, '(ctx data-end)'],
  ]
  if (random.oneIn(2)) {
    const verdict = random.pick(scope.program.kind.verdict === 'bit' ? ['0', '1'] : ['1', '2', '0'])
    return ['let', bounds, ['when', ['>', ['+', data, size], end], ['return', verdict]], ...body(inner)]
  }
  const more = random.oneIn(2) ? [] : further(inner, { data, end }, body)
  return ['let', bounds, ['when', ['<=', ['+', data, size], end], ...body(inner), ...more]]
}

/** A second check behind the first: further bytes, or a place that the packet itself says. */
function further(scope: Scope, { data, end }: Bounds, body: Body): Sexp[] {
  const { random, program } = scope
  if (random.oneIn(2)) return []
  const next = program.fresh('next')
  const size = 4 + random.below(12)
  const offset: Sexp = random.oneIn(2) ? String(14 + random.below(40)) : ['logand', value(scope), '63']
  const known = program.kind.packet === 'read' ? readOnly : region
  const inner = withRegion(scope, known(next, size))
  const check: Sexp = ['<=', ['+', next, String(size)], end]
  return [['let', [[next, ['+', data, offset]]], ['when', check, ...body(inner)]]]
}

const WAYS: readonly Way[] = [byLength, byLength, ethernet, protocol, protocol, protocol, parsed, byHand, byHand]
