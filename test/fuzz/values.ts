/** Random forms that have an integer value. */
import type { Random } from '../support/random.ts'
import { bytesOf, type FuzzMap, SCALARS, type Scalar, type Struct } from './declarations.ts'
import { bind, deeper, mapsWhere, type Region, type Scope } from './scope.ts'
import type { Sexp } from './sexp.ts'

const COMPARISONS = ['=', '/=', '<', '<=', '>', '>=', 's<', 's<=', 's>', 's>=']
const SWAPS = ['ntohs', 'htons', 'ntohl', 'htonl', 'ntohll', 'htonll']
const CONSTANTS = [
  0n,
  1n,
  2n,
  6n,
  17n,
  0x7fn,
  0x80n,
  0xffn,
  0x800n,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  1n << 40n,
  (1n << 63n) - 1n,
  -1n,
  -2n,
]

export function value(outer: Scope): Sexp {
  const scope = deeper(outer)
  const { random } = scope
  if (scope.depth <= 0 || random.oneIn(4)) return leaf(scope)
  return random.pick(KINDS)(scope)
}

/** A value that is meant as a test. */
export function test(scope: Scope): Sexp {
  const { random } = scope
  if (random.oneIn(4)) return value(scope)
  if (random.oneIn(6)) return ['logtest', value(scope), constant(random)]
  return [random.pick(COMPARISONS), value(scope), random.oneIn(2) ? constant(random) : value(scope)]
}

export function constant(random: Random): string {
  if (random.oneIn(3)) return String(random.below(64))
  return random.oneIn(4) ? `#x${random.u64().toString(16)}` : String(random.pick(CONSTANTS))
}

function leaf(scope: Scope): Sexp {
  const { random, variables } = scope
  const kind = random.below(8)
  if (kind < 3 && variables.length > 0) return random.pick(variables)
  if (kind < 6 && scope.regions.length > 0) return read(scope, random.pick(scope.regions))
  return random.oneIn(8) ? random.pick(['+limit+', '+mask+', '(sizeof flow)', '(sizeof state)']) : constant(random)
}

/** Stack and map values are read at natural alignment. */
function read(scope: Scope, region: Region): Sexp {
  const { random } = scope
  if (region.struct && random.oneIn(2)) return fieldOf(scope, region, region.struct)
  const type = random.pick(SCALARS.filter((t) => bytesOf(t) <= region.size))
  return ['load', type, region.pointer, String(offsetIn(random, region, bytesOf(type)))]
}

export function offsetIn(random: Random, { kind, size }: Region, bytes: number): number {
  return kind === 'packet' ? random.below(size - bytes + 1) : random.below(Math.floor(size / bytes)) * bytes
}

/** Accessor of a field, of an element by a constant or masked index. */
export function fieldOf(scope: Scope, region: Region, struct: Struct): Sexp {
  const { random } = scope
  const field = random.pick(struct.fields)
  const name = `${struct.name}-${field.name}`
  if (field.count === undefined) return [name, region.pointer]
  // A power of two as the mask; the kernel wants stack accesses at constant offsets only for some helpers.
  const last = field.count >= 4 ? 3 : 1
  const variable = random.oneIn(2) && region.kind === 'mapValue'
  const index: Sexp = variable ? ['logand', value(deeper(scope, 2)), String(last)] : String(random.below(field.count))
  return [name, region.pointer, index]
}

/** An integer key; few different ones, so that they meet again. */
export function key(scope: Scope, map: FuzzMap): Sexp {
  const { random } = scope
  if (map.type.endsWith('array') && random.oneIn(2)) return String(random.below(map.entries))
  if (random.oneIn(4)) return String(random.below(map.type.endsWith('array') ? map.entries : 4))
  return ['logand', value(deeper(scope)), random.pick(['1', '3', '7'])]
}

export const integerKeyed = (map: FuzzMap): boolean => typeof map.key === 'number'

type Kind = (scope: Scope) => Sexp

const arithmetic: Kind = (scope) => {
  const { random } = scope
  const op = random.pick(['+', '-', '*', 'logand', 'logior', 'logxor', '+', '-', 'logand'])
  return [op, value(scope), random.oneIn(3) ? constant(random) : value(scope)]
}

const division: Kind = (scope) => {
  const { random, program, variables } = scope
  const signed = program.signedDivision && random.oneIn(2)
  const op = signed ? random.pick(['s/', 'smod']) : random.pick(['/', 'mod'])
  // A constant zero is refused; a variable one has BPF's meaning.
  const divisor =
    variables.length > 0 && random.oneIn(2)
      ? random.pick(variables)
      : random.pick(['1', '3', '10', '256', '-1', '4096'])
  return [op, value(scope), divisor]
}

const shift: Kind = (scope) => {
  const { random, variables } = scope
  const op = random.pick(['<<', '>>', '>>>'])
  const variable = random.oneIn(3) && variables.length > 0
  const count: Sexp = variable ? ['logand', random.pick(variables), '63'] : String(random.below(64))
  return [op, value(scope), count]
}

const unary: Kind = (scope) => {
  const { random } = scope
  return [random.pick(['-', '1+', '1-', 'lognot', 'not', 'zerop', 'plusp', ...SWAPS]), value(scope)]
}

const castTo: Kind = (scope) => {
  const { random } = scope
  const type = random.pick(SCALARS)
  return random.oneIn(2) ? ['cast', type, value(scope)] : [type, value(scope)]
}

const logic: Kind = (scope) => {
  const { random } = scope
  const terms = Array.from({ length: 2 + random.below(2) }, () => (random.oneIn(2) ? test(scope) : value(scope)))
  return [random.pick(['and', 'or']), ...terms]
}

const choice: Kind = (scope) => {
  const { random } = scope
  if (random.oneIn(3)) return ['if', test(scope), value(scope)]
  if (random.oneIn(3)) return [random.pick(['min', 'max']), value(scope), value(scope)]
  return ['if', test(scope), value(scope), value(scope)]
}

const switchOn: Kind = (scope) => {
  const { random } = scope
  const clauses: Sexp[] = [
    [String(random.below(4)), value(scope)],
    [[String(4 + random.below(4)), '17', '6'], value(scope)],
  ]
  if (random.oneIn(2)) clauses.push([random.pick(['t', 'otherwise']), value(scope)])
  if (random.oneIn(2)) return ['case', value(scope), ...clauses]
  return ['cond', [test(scope), value(scope)], [test(scope), value(scope)], ...(random.oneIn(2) ? [] : [['t', '3']])]
}

const macroCall: Kind = (scope) => {
  const { random } = scope
  return random.pick<() => Sexp>([
    () => ['twice', value(scope)],
    () => ['clamp', value(scope), String(random.below(9)), constant(random)],
    () => ['sum-of', value(scope), value(scope), value(scope)],
    () => ['one-of', random.pick(scope.variables.length > 0 ? scope.variables : ['+limit+']), '6', '17', '80'],
  ])()
}

const local: Kind = (scope) => {
  const { random, program } = scope
  const name = program.fresh('v')
  const binding: Sexp = random.oneIn(2) ? [name, value(scope)] : [name, random.pick(SCALARS), value(scope)]
  return ['let', [binding], value(bind(scope, name))]
}

const assignment: Kind = (scope) => {
  const { random, places } = scope
  if (places.length === 0) return leaf(scope)
  const place = random.pick(places)
  const change: Sexp = random.oneIn(2) ? [random.pick(['incf', 'decf']), place] : ['setf', place, value(scope)]
  return random.oneIn(2) ? change : ['progn', change, value(scope)]
}

const mapValue: Kind = (scope) => {
  // Per-CPU values are only counted: runs may come to different CPUs.
  const maps = mapsWhere(scope, (m) => typeof m.value === 'number' && integerKeyed(m) && !m.type.startsWith('percpu'))
  const map = scope.random.pick(maps)
  return ['getmap', map.name, key(scope, map)]
}

const functionCall: Kind = (scope) => {
  const { random, program } = scope
  if (program.functions.length === 0) return arithmetic(scope)
  const { name, parameters } = random.pick(program.functions)
  return [name, ...parameters.map((type) => (type === 'u64' ? value(scope) : ['cast', type, value(scope)]))]
}

const globalElement: Kind = (scope) => ['aref', 'row', ['logand', value(scope), '3']]

/** Zero or one, whatever the helper says; the compiler cannot know. */
const volatile: Kind = ({ random }) =>
  random.pick<Sexp>([
    ['>>', ['get-prandom-u32'], '32'],
    ['=', ['ktime-get-ns'], '0'],
    ['<', ['get-smp-processor-id'], '4096'],
  ])

const KINDS: readonly Kind[] = [
  arithmetic,
  arithmetic,
  arithmetic,
  division,
  shift,
  shift,
  unary,
  unary,
  castTo,
  castTo,
  test,
  logic,
  choice,
  choice,
  switchOn,
  macroCall,
  local,
  assignment,
  mapValue,
  functionCall,
  functionCall,
  globalElement,
  volatile,
]

/** Cut to what a map value or a field of so many bytes holds: constants that do not fit are refused. */
export function sized(scope: Scope, bytes: number): Sexp {
  const inner = value(deeper(scope))
  return bytes >= 8 ? inner : ['cast', `u${bytes * 8}` as Scalar, inner]
}
