/** Random forms that are there for what they do. */
import { bytesOf, type FuzzMap, SCALARS, type Struct } from './declarations.ts'
import { FEATURES } from './features.ts'
import { verdictOf } from './kinds.ts'
import { openPacket } from './packets.ts'
import { bind, deeper, mapsWhere, type Region, type Scope, withRegion, writable } from './scope.ts'
import type { Sexp } from './sexp.ts'
import { constant, fieldOf, integerKeyed, key, offsetIn, sized, test, value } from './values.ts'

/** Large stack structs count against 512 bytes, with room for spills. */
const BUFFER = 24

export function body(scope: Scope, most = 4): Sexp[] {
  const count = 1 + scope.random.below(most)
  return Array.from({ length: count }, () => statement(scope))
}

export function statement(outer: Scope): Sexp {
  const { program, random } = outer
  program.budget--
  const scope = deeper(outer)
  if (scope.depth <= 0 || program.budget <= 0) return simple(scope)
  return random.pick(KINDS)(scope)
}

type Kind = (scope: Scope) => Sexp

const simple: Kind = (scope) => {
  const { random, places } = scope
  if (places.length === 0) return ['bump', String(random.below(scope.program.declarations.maps[0]!.entries))]
  const place = random.pick(places)
  if (random.oneIn(3)) return [random.pick(['incf', 'decf']), place, value(scope)]
  return ['setf', place, value(scope)]
}

const conditional: Kind = (scope) => {
  const { random } = scope
  if (random.oneIn(3)) return ['if', test(scope), statement(scope), statement(scope)]
  return [random.pick(['when', 'unless', 'when']), test(scope), ...body(scope, 3)]
}

const cases: Kind = (scope) => {
  const { random } = scope
  if (random.oneIn(2)) {
    const clauses = Array.from({ length: 1 + random.below(3) }, () => [test(scope), ...body(scope, 2)])
    return ['cond', ...clauses, ...(random.oneIn(2) ? [['t', ...body(scope, 2)]] : [])]
  }
  const clauses: Sexp[] = [
    ['6', ...body(scope, 2)],
    [['17', '1'], ...body(scope, 2)],
    ...(random.oneIn(2) ? [['t', ...body(scope, 2)]] : []),
  ]
  return ['case', value(scope), ...clauses]
}

const locals: Kind = (scope) => {
  const { random, program } = scope
  const names = Array.from({ length: 1 + random.below(2) }, () => program.fresh('v'))
  const bindings = names.map((name) => {
    if (random.oneIn(3)) return [name, random.pick(SCALARS), value(scope)]
    return random.oneIn(5) ? [name, random.pick(SCALARS)] : [name, value(scope)]
  })
  const inner = names.reduce((s, name) => bind(s, name), scope)
  const declared: Sexp[] = random.oneIn(5) ? [['declare', ['type', random.pick(['u8', 'u16', 'u32']), names[0]!]]] : []
  return [random.pick(['let', 'let*']), bindings, ...declared, ...body(inner)]
}

/** Few rounds, because the verifier follows every one. */
const loop: Kind = (scope) => {
  const { random, program } = scope
  if (scope.rounds > 3) return conditional(scope)
  const count = 1 + random.below(4)
  const name = program.fresh('i')
  const inner = { ...bind(scope, name, 'index'), rounds: scope.rounds * count, depth: Math.min(scope.depth, 3) }
  return ['dotimes', [name, String(count)], ...body(inner, 2)]
}

const leave: Kind = (scope) => {
  const { random, blocks, holding } = scope
  if (holding) return simple(scope)
  if (blocks.length > 0 && random.oneIn(2)) {
    return ['when', test(scope), ['return-from', random.pick(blocks), value(scope)]]
  }
  const { kind } = scope.program
  if (random.oneIn(2)) return ['when', test(scope), ['return', verdictOf(kind, value(scope))]]
  return ['leave-if', test(scope), verdictOf(kind, constant(random))]
}

const block: Kind = (scope) => {
  const name = scope.program.fresh('b')
  const inner = { ...scope, blocks: [...scope.blocks, name] }
  const form: Sexp = ['block', name, ...body(inner, 3), value(scope)]
  return scope.places.length > 0 ? ['setf', scope.random.pick(scope.places), form] : form
}

const write: Kind = (scope) => {
  const { random } = scope
  const regions = writable(scope)
  if (regions.length === 0) return simple(scope)
  const region = random.pick(regions)
  if (region.struct && random.oneIn(2)) return ['setf', fieldOf(scope, region, region.struct), value(scope)]
  const type = random.pick(SCALARS.filter((t) => bytesOf(t) <= region.size))
  const offset = String(offsetIn(random, region, bytesOf(type)))
  if (random.oneIn(3)) return ['setf', ['load', type, region.pointer, offset], value(scope)]
  return ['store', type, region.pointer, offset, value(scope)]
}

const blockOperation: Kind = (scope) => {
  const { random, regions } = scope
  const targets = writable(scope)
  if (targets.length === 0) return simple(scope)
  const target = random.pick(targets)
  const source = random.pick(regions)
  const place = (region: Region, size: number): string => {
    const step = region.kind === 'packet' ? 1 : 8
    return String(random.below(Math.floor((region.size - size) / step) + 1) * step)
  }
  const size = Math.min(target.size, random.below(20))
  if (random.oneIn(2) || source === target) {
    const byte = random.oneIn(2) ? String(random.below(256)) : value(scope)
    return ['memset', target.pointer, place(target, size), byte, String(size)]
  }
  const copied = Math.min(size, source.size)
  return ['memcpy', target.pointer, place(target, copied), source.pointer, place(source, copied), String(copied)]
}

const buffer: Kind = (scope) => {
  const { random, program } = scope
  const struct = random.oneIn(3) ? undefined : random.pick(program.declarations.structs)
  const size = struct?.size ?? BUFFER
  if (program.stack < size + 8) return conditional(scope)
  program.stack -= size + 8
  const pointer = program.fresh('p')
  const inner = withRegion(scope, { pointer, size, kind: 'stack', struct })
  if (struct) return ['let', [[pointer, [`make-${struct.name}`]]], ...body(inner)]
  const clear: Sexp = ['memset', pointer, '0', random.oneIn(2) ? '0' : '255', String(size)]
  return ['let', [[pointer, ['struct-alloc', String(size)]]], clear, ...body(inner)]
}

const free = (scope: Scope) => (map: FuzzMap) => !scope.busy.includes(map.name)

const counter: Kind = (scope) => {
  const { random } = scope
  const wide = (m: FuzzMap) => (m.value === 8 || m.value === 4) && integerKeyed(m)
  const map = random.pick(
    mapsWhere(scope, (m) => wide(m) && free(scope)(m)).concat(mapsWhere(scope, (m) => m.name === 'per-cpu')),
  )
  const place: Sexp = ['getmap', map.name, key(scope, map)]
  return random.oneIn(2) ? ['incf', place] : [random.pick(['incf', 'decf']), place, value(scope)]
}

const mapChange: Kind = (scope) => {
  const { random } = scope
  const simpleMap = (m: FuzzMap) => typeof m.value === 'number' && integerKeyed(m) && !m.type.startsWith('percpu')
  const maps = mapsWhere(scope, (m) => simpleMap(m) && free(scope)(m))
  if (maps.length === 0) return simple(scope)
  const map = random.pick(maps)
  const size = map.value as number
  if (random.oneIn(3) && !map.type.endsWith('array')) return ['remmap', map.name, key(scope, map)]
  if (random.oneIn(3)) {
    const result: Sexp = ['map-update', map.name, key(scope, map), sized(scope, size), String(random.below(3))]
    return scope.places.length > 0 ? ['setf', random.pick(scope.places), result] : result
  }
  return ['setf', ['getmap', map.name, key(scope, map)], sized(scope, size)]
}

/** A pointer to a value that is read and written in place. */
const lookup: Kind = (scope) => {
  const { random, program } = scope
  const maps = mapsWhere(scope, (m) => integerKeyed(m) && !m.type.startsWith('percpu'))
  const map = random.pick(maps)
  const pointer = program.fresh('p')
  const struct = typeof map.value === 'number' ? undefined : map.value
  const size = struct?.size ?? (map.value as number)
  const inner = holdingMap(withRegion(scope, { pointer, size, kind: 'mapValue', struct }), map)
  const found: Sexp = [struct && random.oneIn(2) ? 'getmap' : 'map-lookup', map.name, key(scope, map)]
  const atomic: Sexp[] = size >= 8 && random.oneIn(3) ? [['atomic-add', pointer, '0', value(scope)]] : []
  if (random.oneIn(3)) return ['if-let', [pointer, found], ['progn', ...atomic, ...body(inner, 3)], statement(scope)]
  return ['when-let', [[pointer, found]], ...atomic, ...body(inner, 3)]
}

function holdingMap(scope: Scope, map: FuzzMap): Scope {
  return map.type.endsWith('array') ? scope : { ...scope, busy: [...scope.busy, map.name] }
}

/** A struct on the stack as key or value. */
const structMap: Kind = (scope) => {
  const { random, program } = scope
  const map = random.pick(mapsWhere(scope, (m) => !integerKeyed(m) || typeof m.value !== 'number'))
  const struct = (integerKeyed(map) ? map.value : map.key) as Struct
  if (program.stack < struct.size + 8 || !free(scope)(map)) return conditional(scope)
  program.stack -= struct.size + 8
  const pointer = program.fresh('k')
  const inner = withRegion(scope, { pointer, size: struct.size, kind: 'stack', struct })
  const fill = struct.fields
    .filter((f) => !f.count && random.oneIn(2))
    .map((f) => fillField(scope, struct, pointer, f.name))
  return ['let', [[pointer, [`make-${struct.name}`]]], ...fill, ...structUse(inner, map, pointer), ...body(inner, 2)]
}

/** Small numbers, so that keys meet; a prefix has at most 32 bits. */
function fillField(scope: Scope, struct: Struct, pointer: string, field: string): Sexp {
  const { random } = scope
  const number: Sexp =
    struct.name === 'prefix' && field === 'length'
      ? String(8 * random.below(5))
      : random.oneIn(2)
        ? String(random.below(3))
        : ['logand', value(scope), '3']
  return ['setf', [`${struct.name}-${field}`, pointer], number]
}

function structUse(scope: Scope, map: FuzzMap, pointer: string): Sexp[] {
  const { random, program } = scope
  if (integerKeyed(map)) return [['setf', ['getmap', map.name, key(scope, map)], pointer]]
  const size = map.value as number
  const uses: Sexp[] = []
  if (random.oneIn(2)) uses.push(['setf', ['getmap', map.name, pointer], sized(scope, size)])
  if (map.type === 'hash' && random.oneIn(2)) uses.push(['incf', ['getmap', map.name, pointer], value(scope)])
  if (map.type === 'hash' && random.oneIn(3)) uses.push(['remmap', map.name, pointer])
  const found = program.fresh('p')
  const inner = holdingMap(withRegion(scope, { pointer: found, size, kind: 'mapValue' }), map)
  uses.push(['when-let', [[found, ['map-lookup', map.name, pointer]]], ...body(inner, 2)])
  return uses
}

const record: Kind = (scope) => {
  const { random, program } = scope
  if (scope.holding) return simple(scope)
  const struct = program.declarations.structs[0]!
  const pointer = program.fresh('r')
  const inner = { ...withRegion(scope, { pointer, size: struct.size, kind: 'record', struct }), holding: true }
  // What a reserved record held before is not defined.
  const clear: Sexp = ['memset', pointer, '0', '0', String(struct.size)]
  if (random.oneIn(3)) {
    const end: Sexp = [random.pick(['ringbuf-submit', 'ringbuf-discard']), pointer, '0']
    return [
      'when-let',
      [[pointer, ['ringbuf-reserve', 'events', '(sizeof event)', '0']]],
      clear,
      ...body(inner, 3),
      end,
    ]
  }
  return ['with-ringbuf', [pointer, 'events', '(sizeof event)'], clear, ...body(inner, 3)]
}

const output: Kind = (scope) => {
  const stack = scope.regions.filter((r) => r.kind === 'stack')
  if (stack.length === 0) return buffer(scope)
  const { pointer, size } = scope.random.pick(stack)
  return ['ringbuf-output', 'events', pointer, String(size), '0']
}

const packet: Kind = (scope) => {
  const { kind } = scope.program
  if (scope.holding || scope.rounds > 1 || kind.packet === 'none') return conditional(scope)
  return openPacket(scope, (inner) => body(inner, 5))
}

const tailCall: Kind = (scope) =>
  scope.holding ? simple(scope) : ['when', test(scope), ['tail-call', 'programs', ['logand', value(scope), '3']]]

const feature: Kind = (scope) => scope.random.pick(FEATURES)(scope, body) ?? conditional(scope)

const KINDS: readonly Kind[] = [
  feature,
  feature,
  feature,
  feature,
  simple,
  simple,
  conditional,
  conditional,
  conditional,
  cases,
  locals,
  locals,
  loop,
  leave,
  leave,
  block,
  write,
  write,
  blockOperation,
  buffer,
  counter,
  counter,
  mapChange,
  mapChange,
  lookup,
  lookup,
  structMap,
  record,
  output,
  packet,
  packet,
  tailCall,
]
