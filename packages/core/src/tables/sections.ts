/**
 * Finds program types by name and by ELF section. Everything comes from tables/program-types.
 *
 *   matchSection('kprobe/do_sys_open') -> kprobe, section 'kprobe/do_sys_open', target 'do_sys_open'
 *   matchSection('xdp/tcp')            -> xdp, section 'xdp', label 'tcp'     (libbpf 1.x refuses `xdp/tcp`)
 */
import { toKernelName } from './names.ts'
import type { ProgramTypeName, ProgramTypeRow, SectionRow } from './program-types.ts'
import { PROGRAM_TYPES, programTypeRow } from './program-types.ts'

export interface SectionMatch {
  readonly type: ProgramTypeName
  readonly row: ProgramTypeRow
  /** The table row that matched (attach type, link kind, ...). */
  readonly entry: SectionRow
  /** Name to write into the ELF file; libbpf accepts it. */
  readonly section: string
  /** What follows the slash, for sections that take a target. */
  readonly target?: string | undefined
  /** NAME of `xdp/NAME` and the like, which the written section does not have. */
  readonly label?: string | undefined
}

interface Entry {
  readonly type: ProgramTypeName
  readonly entry: SectionRow
}

const TYPE_NAMES = Object.keys(PROGRAM_TYPES) as ProgramTypeName[] // `keys` is typed string[]

const typesByName: ReadonlyMap<string, ProgramTypeName> = new Map(
  TYPE_NAMES.flatMap((type) =>
    [type, ...programTypeRow(type).aliases].map((name): [string, ProgramTypeName] => [name, type]),
  ),
)

const sectionsByName: ReadonlyMap<string, Entry> = new Map(
  TYPE_NAMES.flatMap((type) =>
    programTypeRow(type).sections.map((entry): [string, Entry] => [entry.name, { type, entry }]),
  ),
)

/** All names that `:type` accepts, in the kernel's spelling, for hints. */
export const PROGRAM_TYPE_NAMES: readonly string[] = [...typesByName.keys()]
/** All section names, without targets, for hints. */
export const SECTION_NAMES: readonly string[] = [...sectionsByName.keys()]

/** By Lisp name in any case (`:cgroup-skb` without the colon), kernel name or alias. */
export function programTypeByName(name: string): ProgramTypeName | undefined {
  const kernelName = toKernelName(name)
  // `:fentry`, `:tp-btf`: a section's name says the type as well.
  return typesByName.get(kernelName) ?? sectionsByName.get(kernelName)?.type
}

/** Default section of a program type. */
export function defaultSection(type: ProgramTypeName): SectionRow {
  return programTypeRow(type).sections[0]!
}

/** Longest section name that the given one begins with; undefined: no program type has such a section. */
export function matchSection(section: string): SectionMatch | undefined {
  for (let end = section.length; end > 0; end = section.lastIndexOf('/', end - 1)) {
    const found = sectionsByName.get(section.slice(0, end))
    if (found) return resolve(found, section, section.slice(end + 1))
    if (!section.slice(0, end).includes('/')) break
  }
  return undefined
}

function resolve({ type, entry }: Entry, section: string, rest: string): SectionMatch | undefined {
  const match = { type, row: programTypeRow(type), entry }
  if (rest === '') return entry.target === 'required' || section.endsWith('/') ? undefined : { ...match, section }
  if (entry.target !== 'none') return { ...match, section, target: rest }
  return { ...match, section: entry.name, label: rest }
}
