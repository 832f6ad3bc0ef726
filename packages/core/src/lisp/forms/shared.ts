/** Helpers of the form translators: argument counts with usage hints, map names, struct names. */
import type { MapDecl } from '../../forms/module.ts'
import type { Form, OnMap } from '../../forms/node.ts'
import { toKernelName, toLispName } from '../../tables/names.ts'
import type { StructType, UnionType } from '../../types/types.ts'
import type { Call, Cx, SpecialForm } from '../context.ts'
import { lookup } from '../context.ts'
import { isCons, isSym } from '../datum.ts'
import { innerMapOf } from '../pointers.ts'
import { printDatum } from '../print.ts'
import { didYouMean } from '../suggest.ts'
import { counted, quoted, type Stx, syntaxError } from '../syntax.ts'
import { toForm } from '../translate.ts'
import { structOf } from '../types.ts'

/** A row of the special-form table; checks the argument count by the arglist before translating. */
export function form(args: string, doc: string, translate: SpecialForm['translate']): SpecialForm {
  const range = argumentRange(args)
  return {
    args,
    doc,
    translate: (cx, call) => {
      checkCount(call, args, range)
      return translate(cx, call)
    },
  }
}

/** `ptr offset [type] body...` -> [2, Infinity]; groups in parentheses or brackets count as one word. */
export function argumentRange(args: string): readonly [number, number] {
  const words = args.match(/\[[^\]]*\]|\((?:[^()]|\([^()]*\)|\((?:[^()]|\([^()]*\))*\))*\)\.*|[^\s()[\]]+/g) ?? []
  const required = words.filter((w) => !w.startsWith('[') && !w.endsWith('...')).length
  const optional = words.filter((w) => w.startsWith('[') && !w.includes('...')).length
  return [required, words.some((w) => w.includes('...')) ? Number.POSITIVE_INFINITY : required + optional]
}

export function checkCount(call: Call, args: string, [least, most]: readonly [number, number]): void {
  const count = call.args.length
  if (count >= least && count <= most) return
  const expected =
    least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`
  throw syntaxError(
    'wrong-argument-count',
    call.stx,
    `\`${call.name}\` takes ${counted(expected, 'argument')}, got ${count}`,
    usage(call.name, args),
  )
}

export const usage = (name: string, args: string): string => `usage: (${name}${args ? ` ${args}` : ''})`

/** Translates the argument at an index. */
export function arg(cx: Cx, call: Call, index: number): Form {
  return toForm(cx, call.args[index]!)
}

/** The map that a name means. */
export function mapNamed(cx: Pick<Cx, 'module' | 'scope'>, stx: Stx): MapDecl {
  const { datum } = stx
  const map =
    isSym(datum) && !datum.keyword && !isLocal(cx, stx) ? cx.module.maps.get(toKernelName(datum.name)) : undefined
  if (map) return map
  const names = [...cx.module.maps.keys()].map(toLispName)
  const hint =
    didYouMean(printDatum(datum), names) ??
    (names.length ? `maps are ${names.join(', ')}` : 'declare one with `defmap`')
  throw syntaxError(
    'unknown-map',
    stx,
    isSym(datum) ? `no map is named ${quoted(stx)}` : `expected the name of a map, got ${quoted(stx)}`,
    hint,
  )
}

/** The map of an operation: by name, or a variable that holds an entry of a map of maps. */
export function mapOperand(cx: Cx, stx: Stx): OnMap {
  const { datum } = stx
  const isName = isSym(datum) && cx.module.maps.has(toKernelName(datum.name))
  if ((!isName || isLocal(cx, stx)) && (isCons(datum) || isLocal(cx, stx))) {
    const via = toForm(cx, stx)
    const map = innerMapOf(via)
    if (map) return { map, via }
  }
  return { map: mapNamed(cx, stx) }
}

const isLocal = (cx: Pick<Cx, 'scope'>, stx: Stx): boolean =>
  isSym(stx.datum) && lookup(cx.scope, stx.datum) !== undefined

export function structNamed(cx: Pick<Cx, 'module'>, stx: Stx): StructType | UnionType {
  const found = structOf(cx.module, stx)
  if (found) return found
  const names = [...cx.module.structs.keys()].map(toLispName)
  throw syntaxError(
    'unknown-struct',
    stx,
    `no struct is named ${quoted(stx)}`,
    didYouMean(printDatum(stx.datum), names) ?? 'define it with `defstruct` first',
  )
}
