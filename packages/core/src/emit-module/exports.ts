/**
 * What a generated module exports and under which names; `js.ts` and `types.ts` both read it, so that they cannot
 * disagree.
 */

import type { Span } from '../diag/source.ts'
import type { GlobalDecl, MapDecl, Module, ProgramDecl } from '../forms/module.ts'
import { toCamelName, toPascalName } from '../tables/names.ts'
import type { StructType, UnionType } from '../types/types.ts'

export interface ExportedConstant {
  /** `STAT_EVENTS_SENT`. */
  readonly name: string
  /** JavaScript literal: a number where it is exact, else a bigint. */
  readonly literal: string
  readonly span: Span
}

export interface ModuleExports {
  readonly maps: readonly { readonly key: string; readonly decl: MapDecl }[]
  readonly programs: readonly { readonly key: string; readonly decl: ProgramDecl }[]
  readonly structs: readonly { readonly name: string; readonly type: StructType | UnionType }[]
  readonly constants: readonly ExportedConstant[]
  readonly globals?: readonly { readonly key: string; readonly decl: GlobalDecl }[]
  /** Further named exports, as JavaScript expressions. */
  readonly values?: readonly { readonly name: string; readonly text: string }[]
}

export function moduleExports(module: Module): ModuleExports {
  return {
    maps: module.maps.map((decl) => ({ key: toCamelName(decl.name), decl })),
    programs: module.programs.map((decl) => ({ key: toCamelName(decl.name), decl })),
    structs: module.structs.map((type) => ({ name: toPascalName(type.name), type })),
    globals: (module.globals ?? [])
      .filter((decl) => !decl.hidden)
      .map((decl) => ({ key: toCamelName(decl.name), decl })),
    constants: module.constants.map(({ name, value, span }) => ({
      name: name.toUpperCase(),
      literal: value <= BigInt(Number.MAX_SAFE_INTEGER) ? String(value) : `${value}n`,
      span,
    })),
  }
}

/** A name that can be a `const` of a module: no reserved word. Others are reachable through the default export only. */
export function isExportable(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name) && !RESERVED.has(name)
}

/** ECMAScript 2024 reserved words (module code), and the names that the generated module has itself. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof var void while with yield ' +
    'elf structs constants prog'
  ).split(' '),
)
