/**
 * `export default object({ .. })`: what the file compiles to. Its type is that of the module that application code gets
 * after compilation; run as it stands it has no ELF bytes and says what to do.
 */
import type { BpfModule } from '../runtime/types.ts'
import { define, defOf, describe } from './define.ts'
import type { AnyGlobal } from './globals.ts'
import type { GlobalDef, MapDef } from './map-def.ts'
import type { AnyMapValue } from './map-types.ts'
import type { AnyProgram } from './program-types.ts'
import type { LiveProgram } from './programs.ts'

export interface ObjectInit {
  /** Licence for the kernel; default GPL, which most tracing helpers need. */
  readonly license?: string
  readonly maps?: Readonly<Record<string, AnyMapValue>>
  readonly globals?: Readonly<Record<string, AnyGlobal>>
  readonly programs: Readonly<Record<string, AnyProgram>>
}

type UserOf<T, Key extends string> = T extends { readonly [K in Key]: infer U } ? U : never
type Members<T, Key extends string> = { readonly [P in keyof T]: UserOf<T[P], Key> }
// biome-ignore lint/complexity/noBannedTypes: no member at all
type OrEmpty<T> = T extends object ? T : {}

/** Variables of one section, as JavaScript has their values. */
type Values<G, Section> = {
  -readonly [K in keyof G as G[K] extends { readonly '~global': Section } ? K : never]: UserOf<G[K], '~j'>
}

/** The module's shape, from the types of its parts. */
export interface ShapeOf<D extends ObjectInit> {
  readonly maps: Members<OrEmpty<D['maps']>, '~u'>
  readonly programs: Members<D['programs'], '~program'>
  // biome-ignore lint/complexity/noBannedTypes: schemas are named exports of the file itself
  readonly structs: {}
  // biome-ignore lint/complexity/noBannedTypes: so are constants
  readonly constants: {}
  readonly globals: Values<OrEmpty<D['globals']>, 'data'> & Readonly<Values<OrEmpty<D['globals']>, 'rodata'>>
  readonly rodata: Readonly<Values<OrEmpty<D['globals']>, 'rodata'>>
}

export type BpfObjectOf<D extends ObjectInit> = BpfModule<ShapeOf<D>>

export interface LiveObject {
  readonly kind: 'objectDef'
  readonly license: string
  readonly maps: ReadonlyMap<string, MapDef>
  readonly globals: ReadonlyMap<string, GlobalDef>
  readonly programs: ReadonlyMap<string, LiveProgram>
}

export function object<const D extends ObjectInit>(init: D): BpfObjectOf<D> {
  const def: LiveObject = {
    kind: 'objectDef',
    license: init.license ?? 'GPL',
    maps: named<MapDef>('maps', init.maps ?? {}, 'map'),
    globals: named<GlobalDef>('globals', init.globals ?? {}, 'global'),
    programs: named<LiveProgram>('programs', init.programs, 'program'),
  }
  const live = {
    get elf() {
      return notCompiled('elf')
    },
    load: () => notCompiled('load()'),
  }
  return define(live, def) as unknown as BpfObjectOf<D> // the compiled module, as the file's importers see it
}

/** The definitions by key; maps and globals get the key as their name. */
function named<D extends { readonly kind: string }>(
  member: string,
  values: Readonly<Record<string, unknown>>,
  kind: D['kind'],
): ReadonlyMap<string, D> {
  const entries = Object.entries(values).map(([key, value]): [string, D] => {
    const def = defOf(value)
    if (def?.kind !== kind) {
      throw new TypeError(`object(): ${member}.${key} must be a ${kind}, but it is ${describe(value)}`)
    }
    if ('name' in def) Object.assign(def, { name: key })
    return [key, def as D] // kind decides
  })
  return new Map(entries)
}

export function notCompiled(what: string): never {
  throw new Error(
    `${what} of a program that was not compiled. Compile the file with the plugin: add bpf() from 'unplugin-bpf/vite' ` +
      "(or /rollup, /rolldown, /esbuild, /webpack, /rspack) to the bundler's plugins, or run `unplugin-bpf compile FILE`",
  )
}
