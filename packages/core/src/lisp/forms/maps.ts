/** Map forms. Keys and values of at most 8 bytes go by value, larger ones and struct pointers by address. */
import type { MapDecl } from '../../forms/module.ts'
import type { Form, MapOperand, OnMap } from '../../forms/node.ts'
import { MAP_TYPES, type MapTypeRow } from '../../tables/map-types.ts'
import { toLispName } from '../../tables/names.ts'
import { at, constant, seq, withValues } from '../build.ts'
import type { Call, Cx, SpecialForm } from '../context.ts'
import { givesPointer, isScalarSize } from '../pointers.ts'
import { counted, syntaxError, withArticle } from '../syntax.ts'
import { toForm } from '../translate.ts'
import { arg, form, mapNamed, mapOperand } from './shared.ts'

type Passing = 'automatic' | 'pointer'

function operand(value: Form, size: number, passing: Passing): MapOperand {
  const byAddress = passing === 'pointer' || !isScalarSize(size) || givesPointer(value)
  return byAddress ? { kind: 'pointer', ptr: value } : { kind: 'scalar', value }
}

export const mapRow = (map: MapDecl): MapTypeRow => MAP_TYPES[map.type]

/** The map of a call; refuses kinds without keys. */
function keyedMap(cx: Cx, call: Call): OnMap {
  const operand = mapOperand(cx, call.args[0]!)
  const { map } = operand
  const { handle, key } = mapRow(map)
  if (key !== 'none' && handle !== 'progArray') return operand
  const hint =
    handle === 'ringbuf'
      ? 'use `with-ringbuf` or `ringbuf-output`'
      : handle === 'progArray'
        ? 'use `(tail-call map index)`'
        : undefined
  throw syntaxError(
    'wrong-map-kind',
    call.args[0]!,
    `\`${call.name}\` does not work on the ${toLispName(map.type)} map \`${toLispName(map.name)}\``,
    hint,
  )
}

function keyOperand(cx: Cx, call: Call, map: MapDecl, passing: Passing): MapOperand {
  return operand(arg(cx, call, 1), map.keySize, passing)
}

function translateLookup(cx: Cx, call: Call, passing: Passing): Form {
  const on = keyedMap(cx, call)
  return { kind: 'mapLookup', ...on, key: keyOperand(cx, call, on.map, passing), ...at(call.stx) }
}

function translateGet(cx: Cx, call: Call): Form {
  const on = keyedMap(cx, call)
  return { kind: 'mapGet', ...on, key: keyOperand(cx, call, on.map, 'automatic'), ...at(call.stx) }
}

function translateUpdate(cx: Cx, call: Call, passing: Passing): Form {
  const on = keyedMap(cx, call)
  const { map } = on
  const key = keyOperand(cx, call, map, passing)
  const value = operand(arg(cx, call, 2), map.valueSize, passing)
  const flags = call.args[3] ? toForm(cx, call.args[3]) : constant(call.stx, 0)
  return { kind: 'mapUpdate', ...on, key, value, flags, ...at(call.stx) }
}

function translateDelete(cx: Cx, call: Call, passing: Passing): Form {
  const on = keyedMap(cx, call)
  const { map } = on
  const { sparse } = mapRow(map)
  if (!sparse) {
    throw syntaxError(
      'wrong-map-kind',
      call.args[0]!,
      `entries of the ${toLispName(map.type)} map \`${toLispName(map.name)}\` cannot be deleted`,
      'set the value to 0 instead',
    )
  }
  return { kind: 'mapDelete', ...on, key: keyOperand(cx, call, map, passing), ...at(call.stx) }
}

/** `(setf (getmap m k) v)`: the update, with the value v. */
export function assignMapEntry(cx: Cx, call: Call, value: Form): Form {
  checkPlaceArguments(call)
  const on = keyedMap(cx, call)
  const { map } = on
  const key = arg(cx, call, 1)
  return withValues(call.stx, [key, value], ([keyRef, valueRef]) => {
    const update: Form = {
      kind: 'mapUpdate',
      ...on,
      key: operandLike(key, keyRef!, map.keySize),
      value: operandLike(value, valueRef!, map.valueSize),
      flags: constant(call.stx, 0),
      ...at(call.stx),
    }
    return seq(call.stx, [update, valueRef!])
  })
}

/** Decides by the original form, since a reference to a fresh local says less. */
function operandLike(original: Form, ref: Form, size: number): MapOperand {
  return operand(original, size, 'automatic').kind === 'pointer'
    ? { kind: 'pointer', ptr: ref }
    : { kind: 'scalar', value: ref }
}

function checkPlaceArguments(call: Call): void {
  if (call.args.length === 2) return
  throw syntaxError(
    'wrong-argument-count',
    call.stx,
    `\`getmap\` takes 2 arguments, got ${call.args.length}`,
    'usage: (getmap map key)',
  )
}

/** `(incf (getmap m k) delta)`. */
export function addToMap(cx: Cx, call: Call, change: { delta: Form; op: 'add' | 'sub' }): Form {
  checkPlaceArguments(call)
  const on = keyedMap(cx, call)
  const { map } = on
  const isWide = map.valueSize === 4 || map.valueSize === 8
  if (!isWide || (map.valueType && map.valueType.kind !== 'int')) {
    const size = map.valueSize < 4 ? 'has no atomic add for values of 1 or 2 bytes' : 'can only add to integer values'
    throw syntaxError(
      'wrong-map-kind',
      call.stx,
      `BPF ${size}; values of \`${toLispName(map.name)}\` are ${counted(map.valueSize, 'byte')}`,
      map.valueSize < 4
        ? 'declare a wider value (:value-size 4 or 8), or use `(setf (getmap m k) (+ (getmap m k) 1))`, which may lose counts'
        : 'use `map-lookup` and `atomic-add` on a field',
    )
  }
  const key = keyOperand(cx, call, map, 'automatic')
  return { kind: 'mapAdd', ...on, key, delta: change.delta, op: change.op, ...at(call.stx) }
}

function translateTailCall(cx: Cx, call: Call): Form {
  const map = mapNamed(cx, call.args[0]!)
  if (mapRow(map).handle !== 'progArray') {
    throw syntaxError(
      'wrong-map-kind',
      call.args[0]!,
      `\`tail-call\` needs a prog-array map; \`${toLispName(map.name)}\` is ${withArticle(toLispName(map.type))} map`,
    )
  }
  return { kind: 'tailCall', map, index: arg(cx, call, 1), ...at(call.stx) }
}

export const MAP_FORMS: Readonly<Record<string, SpecialForm>> = {
  GETMAP: form('map key', 'The value, or 0; a pointer for values larger than 8 bytes. A place.', translateGet),
  REMMAP: form('map key', 'Deletes an entry.', (cx, call) => translateDelete(cx, call, 'automatic')),
  'MAP-LOOKUP': form('map key', 'Pointer to the value, or 0.', (cx, call) => translateLookup(cx, call, 'automatic')),
  'MAP-LOOKUP-PTR': form('map key-ptr', 'As `map-lookup`, the key by address.', (cx, call) =>
    translateLookup(cx, call, 'pointer'),
  ),
  'MAP-UPDATE': form('map key value [flags]', 'Inserts or replaces; 0 or a negative error.', (cx, call) =>
    translateUpdate(cx, call, 'automatic'),
  ),
  'MAP-UPDATE-PTR': form('map key-ptr value-ptr [flags]', 'As `map-update`, both by address.', (cx, call) =>
    translateUpdate(cx, call, 'pointer'),
  ),
  'MAP-DELETE': form('map key', 'Deletes; 0 or a negative error.', (cx, call) =>
    translateDelete(cx, call, 'automatic'),
  ),
  'MAP-DELETE-PTR': form('map key-ptr', 'As `map-delete`, the key by address.', (cx, call) =>
    translateDelete(cx, call, 'pointer'),
  ),
  'TAIL-CALL': form(
    'prog-array index',
    'Goes on in another program; falls through when the slot is empty.',
    translateTailCall,
  ),
}
