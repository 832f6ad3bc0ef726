/**
 * Data sections of an ELF object as maps, as libbpf makes them (`bpf_object__init_global_data_maps`): each is an array of
 * one value, with the section as its first content. `.rodata*` becomes read-only.
 */
import type { Btf } from '../btf/reader.ts'
import { badObject } from '../bytes/reader.ts'
import type { ElfFile, ElfSection } from '../elf/format.ts'
import { SHF, SHT, STT } from '../elf/format.ts'
import { LITERAL_PREFIX } from '../forms/globals.ts'
import type { MapSpec, VariableSpec } from './object.ts'

/** BPF_F_RDONLY_PROG and BPF_F_MMAPABLE, include/uapi/linux/bpf.h. */
const READ_ONLY = 1 << 7
const MAPPABLE = 1 << 10
/** Larger sections are corrupt files rather than programs. */
const MAX_SECTION = 1 << 24

export function isDataSection({ name, flags, type, size }: ElfSection): boolean {
  const kind = type === SHT.PROGBITS || type === SHT.NOBITS
  return kind && (flags & SHF.ALLOC) !== 0 && size > 0 && /^\.(data|bss|rodata)(\.|$)/.test(name)
}

/** `taken`: sections that are maps in another way. */
export function readDataSections(elf: ElfFile, btf: Btf | undefined, taken: ReadonlySet<string>): MapSpec[] {
  return elf.sections
    .filter((section) => isDataSection(section) && !taken.has(section.name))
    .map((section) => readDataSection(section, btf))
}

function readDataSection(section: ElfSection, btf: Btf | undefined): MapSpec {
  const { name, size } = section
  if (size > MAX_SECTION) throw badObject(`section ${name} has ${size} bytes, more than ${MAX_SECTION}`)
  if (section.relocations.length > 0)
    throw badObject(
      `section ${name} has variables that are initialised with addresses, which nothing can resolve`,
      'assign pointers in the program instead, or use arrays of characters',
    )
  const frozen = name.startsWith('.rodata')
  const content = new Uint8Array(size)
  content.set(section.data.subarray(0, size))
  const datasec = btf?.findId('datasec', name)
  return {
    name,
    type: 'array',
    keySize: 4,
    valueSize: size,
    maxEntries: 1,
    flags: frozen ? MAPPABLE | READ_ONLY : MAPPABLE,
    ...(datasec !== undefined && { btfValueTypeId: datasec }),
    data: { section: name, content, frozen },
  }
}

/** From the BTF where it describes the section, else from the symbols; without literals, which are nobody's variables. */
export function readVariables(elf: ElfFile, btf: Btf | undefined, maps: readonly MapSpec[]): VariableSpec[] {
  return maps.flatMap(({ data, valueSize }) => {
    if (!data) return []
    const described = btf?.find('datasec', data.section)
    const found =
      btf && described
        ? described.vars.map(({ type, offset, size }) => {
            const variable = btf.type(type)
            if (variable.kind !== 'var')
              throw badObject(`BTF is corrupt: section ${data.section} has a ${variable.kind}`)
            return { name: variable.name, map: data.section, offset, size, btfTypeId: variable.type }
          })
        : symbolsIn(elf, data.section)
    for (const { name, offset, size } of found)
      if (offset + size > valueSize) throw badObject(`variable ${name} is outside of its section ${data.section}`)
    return found.filter(({ name }) => !name.startsWith(LITERAL_PREFIX))
  })
}

function symbolsIn(elf: ElfFile, section: string): VariableSpec[] {
  const index = elf.sections.findIndex((each) => each.name === section)
  return elf.symbols
    .filter((symbol) => symbol.section === index && symbol.type === STT.OBJECT && !symbol.name.startsWith('.'))
    .map(({ name, value, size }) => ({ name, map: section, offset: value, size }))
}
