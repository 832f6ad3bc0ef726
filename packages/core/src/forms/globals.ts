/**
 * Places global variables in data sections, as compilers of C do, because that is what libbpf makes maps of: constants in
 * `.rodata`, variables that begin with 0 in `.bss`, others in `.data`. Each section is the one value of an array map.
 *
 *   hits: u64 = 0, limit: u32 = 7  ->  .bss: hits at 0 (8 bytes); .data: limit at 0 (4 bytes)
 */
import { alignOf, sizeOf } from '../types/layout.ts'
import type { GlobalDecl, MapDecl } from './module.ts'

/** BPF_F_RDONLY_PROG and BPF_F_MMAPABLE, include/uapi/linux/bpf.h. */
const READ_ONLY = 1 << 7
const MAPPABLE = 1 << 10

/** Names of literals (format strings), which have no name in the source: `__str_0`. */
export const LITERAL_PREFIX = '__str_'

export interface PlacedGlobal {
  readonly decl: GlobalDecl
  /** Bytes from the start of the section. */
  readonly offset: number
}

export interface GlobalSection {
  /** Its name is that of the section. */
  readonly map: MapDecl
  readonly content: Uint8Array
  readonly frozen: boolean
  readonly globals: readonly PlacedGlobal[]
}

export type GlobalPlaces = ReadonlyMap<GlobalDecl, { readonly map: MapDecl; readonly offset: number }>

export function placeGlobals(globals: readonly GlobalDecl[]): readonly GlobalSection[] {
  const sections = new Map<string, GlobalDecl[]>()
  for (const global of globals) {
    const name = sectionOf(global)
    sections.set(name, [...(sections.get(name) ?? []), global])
  }
  return [...sections].map(([name, members]) => placeSection(name, members))
}

export function globalPlaces(sections: readonly GlobalSection[]): GlobalPlaces {
  return new Map(
    sections.flatMap(({ map, globals }) => globals.map(({ decl, offset }) => [decl, { map, offset }] as const)),
  )
}

function sectionOf({ access, init }: GlobalDecl): string {
  if (access === 'readonly') return '.rodata'
  return init.every((byte) => byte === 0) ? '.bss' : '.data'
}

function placeSection(name: string, members: readonly GlobalDecl[]): GlobalSection {
  const globals: PlacedGlobal[] = []
  let end = 0
  for (const decl of members) {
    const align = alignOf(decl.type)
    const offset = Math.ceil(end / align) * align
    globals.push({ decl, offset })
    end = offset + sizeOf(decl.type)
  }
  const content = new Uint8Array(end)
  for (const { decl, offset } of globals) content.set(decl.init, offset)
  const frozen = name === '.rodata'
  const map: MapDecl = {
    name,
    type: 'array',
    keySize: 4,
    valueSize: end,
    keyType: undefined,
    valueType: undefined,
    maxEntries: 1,
    flags: frozen ? MAPPABLE | READ_ONLY : MAPPABLE,
    span: members[0]!.span,
  }
  return { map, content, frozen, globals }
}
