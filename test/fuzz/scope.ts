/** What a random form may refer to where it stands. */
import type { Random } from '../support/random.ts'
import type { Declarations, FuzzMap, Scalar, Struct } from './declarations.ts'
import type { ProgramKind } from './kinds.ts'

/** Memory of known size behind a variable. */
export interface Region {
  readonly pointer: string
  readonly size: number
  readonly kind: 'packet' | 'stack' | 'mapValue' | 'record'
  /** Packets of some kinds of programs may only be read. */
  readonly readOnly?: true
  /** Layout, for accessors. */
  readonly struct?: Struct | undefined
}

export interface Scope {
  readonly random: Random
  readonly program: ProgramShape
  readonly variables: readonly string[]
  /** Those of them that may be changed; not loop indexes. */
  readonly places: readonly string[]
  readonly regions: readonly Region[]
  /**
   * Maps into which a pointer is held. They are not changed meanwhile: what a value holds after its element was
   * replaced depends on the kernel's free list.
   */
  readonly busy: readonly string[]
  readonly blocks: readonly string[]
  /** How much deeper forms may get. */
  readonly depth: number
  /** Product of the loop counts around. */
  readonly rounds: number
  /** There is no context. */
  readonly inFunction?: true
  /** A ring record is held, or this is a function: nothing may leave. */
  readonly holding: boolean
}

export interface FunctionShape {
  readonly name: string
  readonly parameters: readonly Scalar[]
}

/** One per program; counts names and what would be too much in total. */
export interface ProgramShape {
  readonly declarations: Declarations
  readonly kind: ProgramKind
  /** Functions that may be called here, with the types of their parameters. */
  functions: readonly FunctionShape[]
  /** `s/` and `smod` exist only there. */
  readonly signedDivision: boolean
  /** Atomic operations other than add, which exist from v3 on. */
  readonly fetches: boolean
  readonly fresh: (prefix: string) => string
  /** Counted down by statements. */
  budget: number
  /** Bytes of stack that structs and buffers may still take. */
  stack: number
}

export const deeper = (scope: Scope, by = 1): Scope => ({ ...scope, depth: scope.depth - by })

export function bind(scope: Scope, name: string, kind: 'place' | 'index' = 'place'): Scope {
  const places = kind === 'place' ? [...scope.places, name] : scope.places
  return { ...scope, variables: [...scope.variables, name], places }
}

export const withRegion = (scope: Scope, region: Region): Scope => ({ ...scope, regions: [...scope.regions, region] })

export const writable = (scope: Scope): readonly Region[] => scope.regions.filter((region) => !region.readOnly)

export function mapsWhere(scope: Scope, accept: (map: FuzzMap) => boolean): readonly FuzzMap[] {
  return scope.program.declarations.maps.filter(accept)
}
