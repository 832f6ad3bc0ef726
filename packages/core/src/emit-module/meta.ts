/** What a generated module says about its maps and programs, as data: for tools that run a program without a bundler. */
import type { MapDecl } from '../forms/module.ts'
import { type Codec, codecFor } from '../runtime/codec.ts'
import type { MapMeta } from '../runtime/create-map-handle.ts'
import type { ObjectMeta } from '../runtime/object-handle.ts'
import type { Type } from '../types/types.ts'
import type { ModuleExports } from './exports.ts'

export function moduleMeta(name: string, exported: ModuleExports): ObjectMeta {
  return {
    name,
    maps: Object.fromEntries(exported.maps.map(({ key, decl }) => [key, mapMeta(decl)])),
    programs: Object.fromEntries(
      exported.programs.map(({ key, decl: { name, section, type } }) => [key, { name, section, type }]),
    ),
  }
}

function mapMeta(decl: MapDecl): MapMeta {
  return {
    name: decl.name,
    kind: decl.type,
    key: codecOf(decl.keyType),
    value: codecOf(decl.recordType ?? decl.valueType),
    inner: decl.inner && mapMeta(decl.inner),
  }
}

function codecOf(type: Type | undefined): Codec<unknown> | undefined {
  return type && codecFor(type)
}
