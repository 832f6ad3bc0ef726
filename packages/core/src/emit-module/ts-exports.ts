/**
 * What the module of a `.bpf.ts` file exports: keys as the source has them, schemas as codecs, constants as literals.
 * Kernel functions, programs and maps by name stay at build time.
 */
import type { Captured } from '../dsl/capture.ts'
import type { ObjectDef } from '../dsl/program-def.ts'
import type { Module } from '../forms/module.ts'
import type { StructType, UnionType } from '../types/types.ts'
import type { ModuleExports } from './exports.ts'

export interface EvaluatedExports {
  readonly object: ObjectDef
  readonly exports: ReadonlyMap<string, Captured>
}

export function tsModuleExports(module: Module, { object, exports }: EvaluatedExports): ModuleExports {
  const structs: { name: string; type: StructType | UnionType }[] = []
  const values: { name: string; text: string }[] = []
  for (const [name, value] of exports) {
    if (value.kind === 'schema' && (value.type.kind === 'struct' || value.type.kind === 'union')) {
      structs.push({ name, type: value.type })
    } else if (value.kind === 'schema') {
      values.push({ name, text: `/*#__PURE__*/ codecFor(${JSON.stringify(value.type)}, ${JSON.stringify(name)})` })
    } else {
      const text = literal(value)
      if (text !== undefined) values.push({ name, text })
    }
  }
  // Lowering declares what the object lists first, in its order; behind it come maps that programs merely capture.
  const keyed = <D>(keys: Iterable<string>, decls: readonly D[]) =>
    [...keys].map((key, i) => ({ key, decl: decls[i]! }))
  return {
    maps: keyed(object.maps.keys(), module.maps),
    programs: keyed(object.programs.keys(), module.programs),
    structs,
    globals: keyed(object.globals.keys(), module.globals ?? []),
    constants: [],
    values,
  }
}

/** JavaScript text of plain data; undefined for values that exist at build time only. */
function literal(value: Captured): string | undefined {
  switch (value.kind) {
    case 'number':
      return Object.is(value.value, -0) ? '-0' : String(value.value)
    case 'bigint':
      return `${value.value}n`
    case 'boolean':
      return String(value.value)
    case 'string':
      return JSON.stringify(value.value)
    case 'null':
    case 'undefined':
      return value.kind
    case 'array':
      return list(value.items.map(literal), '[', ']')
    case 'object':
      return list(
        [...value.entries].map(([key, entry]) => property(key, literal(entry))),
        '{',
        '}',
      )
    default:
      return undefined
  }
}

function property(key: string, text: string | undefined): string | undefined {
  // `__proto__: x` in a literal would set the prototype.
  return text === undefined ? undefined : `[${JSON.stringify(key)}]: ${text}`
}

/** All parts or nothing. */
function list(parts: readonly (string | undefined)[], open: string, close: string): string | undefined {
  return parts.includes(undefined) ? undefined : `${open}${parts.join(', ')}${close}`
}
