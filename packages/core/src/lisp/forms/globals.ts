/** Global variables in programs: reading by name, assignment, addresses, elements of arrays. */
import type { GlobalDecl } from '../../forms/module.ts'
import type { Form } from '../../forms/node.ts'
import { sizeOf } from '../../types/layout.ts'
import { addOffset, at, binary, constant, constantOf, type Origin } from '../build.ts'
import { type Call, type Cx, lookup, type SpecialForm } from '../context.ts'
import { isSym } from '../datum.ts'
import { globalAddress, globalNamed } from '../global-ref.ts'
import { quoted, type Stx, symbolOf, syntaxError } from '../syntax.ts'
import { toForm } from '../translate.ts'
import { storeValue } from './memory.ts'
import { form } from './shared.ts'

export function assignGlobal(stx: Stx, origin: Origin, global: GlobalDecl, value: Form): Form {
  if (global.access === 'readonly')
    throw syntaxError(
      'constant-assigned',
      stx,
      `${quoted(stx)} is constant while programs run`,
      'user space may set it before loading; use `defglobal` for a variable',
    )
  if (global.type.kind !== 'int')
    throw syntaxError(
      'bad-syntax',
      stx,
      `${quoted(stx)} is no scalar and cannot be assigned as a whole`,
      'assign its fields or elements, or use `memcpy`',
    )
  return storeValue(
    origin,
    { type: global.type, ptr: globalAddress(origin, global), offset: constant(origin, 0) },
    value,
  )
}

/** The global variable that a symbol means, unless a local one hides it. */
export function globalOf(cx: Cx, stx: Stx): GlobalDecl | undefined {
  if (!isSym(stx.datum) || lookup(cx.scope, stx.datum)) return undefined
  return globalNamed(cx.module, stx.datum)
}

function translateAddrOf(cx: Cx, call: Call): Form {
  const [stx] = call.args as [Stx]
  const meaning = lookup(cx.scope, symbolOf(stx, 'a variable'))
  if (meaning?.kind === 'local') return { kind: 'localAddr', local: meaning.local, ...at(call.stx) }
  const global = globalOf(cx, stx)
  if (global) return globalAddress(call.stx, global)
  throw syntaxError(
    'unbound-variable',
    stx,
    `\`addr-of\` needs a variable; ${quoted(stx)} is none`,
    'declare it with `defglobal`, or bind it with `let`',
  )
}

interface Element {
  readonly global: GlobalDecl
  readonly offset: Form
}

function element(cx: Cx, call: Call): Element & { readonly type: GlobalDecl['type'] } {
  const [nameStx, indexStx] = call.args as [Stx, Stx]
  const global = globalOf(cx, nameStx)
  if (global?.type.kind !== 'array')
    throw syntaxError('bad-type', nameStx, `${quoted(nameStx)} is no global array`, 'usage: (aref array index)')
  const { element: type, length } = global.type
  const index = toForm(cx, indexStx)
  const known = constantOf(index)
  if (known !== undefined && known >= BigInt(length))
    throw syntaxError(
      'index-out-of-range',
      indexStx,
      `index ${BigInt.asIntN(64, known)} is outside ${quoted(nameStx)}, which has ${length} elements`,
    )
  const size = sizeOf(type)
  const offset = size === 1 ? index : binary(call.stx, 'mul', index, constant(call.stx, size))
  return { global, offset, type }
}

function translateAref(cx: Cx, call: Call): Form {
  const { global, offset, type } = element(cx, call)
  const ptr = globalAddress(call.stx, global)
  return type.kind === 'int' ? { kind: 'load', type, ptr, offset, ...at(call.stx) } : addOffset(call.stx, ptr, offset)
}

/** `(setf (aref array index) value)`. */
export function assignElement(cx: Cx, call: Call, value: Form): Form {
  const { global, offset, type } = element(cx, call)
  if (type.kind !== 'int' || global.access === 'readonly')
    throw syntaxError('bad-syntax', call.stx, `elements of ${quoted(call.args[0]!)} cannot be assigned`)
  return storeValue(call.stx, { type, ptr: globalAddress(call.stx, global), offset }, value)
}

export const GLOBAL_FORMS: Readonly<Record<string, SpecialForm>> = {
  'ADDR-OF': form('variable', 'Address of a global variable, or of a local one as `stack-addr`.', translateAddrOf),
  AREF: form('array index', 'Element of a global array; the address of one that is no scalar. A place.', translateAref),
}
