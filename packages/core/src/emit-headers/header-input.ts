/**
 * What every header generator reads: the types of a module in an order in which each comes after those it holds, its
 * constants, and the ELF names of its maps and programs. Layout questions that all languages have are answered here.
 */
import type { Module } from '../forms/module.ts'
import { layoutStruct, sizeOf } from '../types/layout.ts'
import type { Field, StructType, Type, UnionType } from '../types/types.ts'

export interface HeaderInput {
  /** Base name of the source, for the first comment. */
  readonly source: string
  readonly types: readonly (StructType | UnionType)[]
  /** `EVENT_TYPE_TCP`. */
  readonly constants: readonly { readonly name: string; readonly value: bigint }[]
  /** ELF names. */
  readonly maps: readonly string[]
  readonly programs: readonly string[]
}

export function headerInput(module: Module): HeaderInput {
  return {
    source: module.file.name.split('/').at(-1)!,
    types: inOrder([...module.structs, ...module.maps.flatMap(typesOfMap)]),
    constants: module.constants.map(({ name, value }) => ({ name: name.toUpperCase(), value })),
    maps: module.maps.map((map) => map.name),
    programs: module.programs.map((program) => program.name),
  }
}

function typesOfMap(map: Module['maps'][number]): Type[] {
  return [map.keyType, map.valueType, map.recordType].filter((type) => type !== undefined)
}

/** Every struct and union that `types` hold, once, parts before wholes. */
function inOrder(types: readonly Type[]): (StructType | UnionType)[] {
  const found = new Map<string, StructType | UnionType>()
  const visit = (type: Type): void => {
    if (type.kind === 'array') visit(type.element)
    if (type.kind !== 'struct' && type.kind !== 'union') return
    if (found.has(type.name)) return
    for (const field of membersOf(type)) visit(field.type)
    found.set(type.name, type)
  }
  types.forEach(visit)
  return [...found.values()]
}

export function membersOf(type: StructType | UnionType): readonly Field[] {
  return type.kind === 'struct' ? type.fields : type.members
}

/** Whether C's natural alignment would place the fields elsewhere; such a struct is written packed, gaps spelled out. */
export function isPacked(type: StructType): boolean {
  const natural = layoutStruct(type.name, type.fields)
  return natural.size !== type.size || natural.fields.some((field, i) => field.offset !== type.fields[i]!.offset)
}

/** A field, or bytes that belong to none. */
export type Piece =
  | { readonly kind: 'field'; readonly field: Field }
  | { readonly kind: 'gap'; readonly offset: number; readonly bytes: number }

/** The whole struct, byte for byte. */
export function piecesOf(type: StructType): Piece[] {
  const pieces: Piece[] = []
  let end = 0
  const fill = (offset: number): void => {
    if (offset > end) pieces.push({ kind: 'gap', offset: end, bytes: offset - end })
  }
  for (const field of type.fields) {
    fill(field.offset)
    pieces.push({ kind: 'field', field })
    end = field.offset + sizeOf(field.type)
  }
  fill(type.size)
  return pieces
}

/** Stored big-endian: the generated field holds the bytes as they are. */
export function isNetworkOrder(type: Type): boolean {
  return type.kind === 'array' ? isNetworkOrder(type.element) : type.kind === 'int' && type.order === 'net'
}

/** Gives every name once: `take('type')` is `type_` when `type` is reserved or was taken before. */
export function nameSource(reserved: ReadonlySet<string> = new Set()): (name: string) => string {
  const taken = new Set<string>()
  return (name) => {
    let free = name
    while (reserved.has(free) || taken.has(free)) free += '_'
    taken.add(free)
    return free
  }
}

export const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))
