/**
 * Code of one program or function in ELF: its instructions, and what relocations and `.BTF.ext` say about them. Functions
 * that are called are in `.text`; a call inside `.text` may be resolved already, relative to the calling instruction.
 */
import { decodeInsns } from '../bpf/decode.ts'
import { type Insn, LD_IMM64, PSEUDO, slotsOf } from '../bpf/insn.ts'
import { dataSectionName } from '../btf/data-maps.ts'
import type { BtfExt } from '../btf/ext.ts'
import { MAPS_SECTION } from '../btf/maps.ts'
import type { Btf } from '../btf/reader.ts'
import { badObject } from '../bytes/reader.ts'
import type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from '../elf/format.ts'
import { R_BPF, STB, STT } from '../elf/format.ts'
import {
  type CoreRelocation,
  FUNCTION_SECTION,
  type FunctionReference,
  type FunctionSpec,
  type KsymReference,
  type LineInfo,
  type MapSpec,
  type Relocation,
} from './object.ts'
import { type Externs, KCONFIG_SECTION } from './read-externs.ts'

const SLOT = 8
/** opcode of a call: BPF_JMP | BPF_CALL. */
const CALL = 0x85

/** Everything that reading one program needs. */
export interface Source {
  readonly elf: ElfFile
  readonly maps: readonly MapSpec[]
  readonly btf: Btf | undefined
  readonly ext: BtfExt
  readonly externs: Externs
}

/** Functions of a section by address; they must not overlap. */
export function functionsIn(elf: ElfFile, section: number): ElfSymbol[] {
  const symbols = elf.symbols.filter((symbol) => symbol.type === STT.FUNC && symbol.section === section)
  symbols.sort((a, b) => a.value - b.value)
  const name = elf.sections[section]!.name
  const size = elf.sections[section]!.data.length
  let end = 0
  for (const symbol of symbols) {
    if (symbol.value % SLOT !== 0 || symbol.size % SLOT !== 0 || symbol.size === 0)
      throw badObject(
        `program ${symbol.name} is corrupt: bytes ${symbol.value} + ${symbol.size} are no whole instructions`,
      )
    if (symbol.value < end || symbol.value + symbol.size > size)
      throw badObject(`program ${symbol.name} is corrupt: it overlaps another one or ends outside section ${name}`)
    // Other sections hold programs, which the outside must see (bpf_object__add_programs in libbpf).
    if (symbol.binding === STB.LOCAL && name !== FUNCTION_SECTION)
      throw badObject(
        `function ${symbol.name} in section ${name} is static`,
        `programs are global; functions that they call are in ${FUNCTION_SECTION}: leave SEC() out`,
      )
    end = symbol.value + symbol.size
  }
  return symbols
}

/** What programs and functions have in common. */
export function readCode(source: Source, section: ElfSection, symbol: ElfSymbol): Omit<FunctionSpec, 'name'> {
  const insns = decodeInsns(section.data.subarray(symbol.value, symbol.value + symbol.size))
  const atSlot = slotIndex(insns)
  const inside = (offset: number) => offset >= symbol.value && offset < symbol.value + symbol.size
  const relocations: Relocation[] = []
  const references: FunctionReference[] = []
  const ksyms: KsymReference[] = []
  for (const rel of section.relocations.filter((each) => inside(each.offset))) {
    const found = readRelocation(source, symbol, rel, atSlot)
    if (found.kind === 'ksym') ksyms.push(found.ksym)
    else if (found.kind === 'map' || found.kind === 'mapValue') relocations.push(found)
    else references.push(found)
  }
  references.push(...localCalls(source, { section, symbol, atSlot, known: references }))
  references.sort((a, b) => a.slot - b.slot)
  return {
    insns: markTargets(insns, relocations, references),
    relocations,
    ...(references.length > 0 && { references }),
    ...(ksyms.length > 0 && { ksyms }),
    ...readCore(source.ext, section.name, symbol, atSlot),
    lines: readLines(source.ext, section.name, symbol, atSlot),
    btfFuncId: functionId(source, section.name, symbol),
  }
}

interface LocalCalls {
  readonly section: ElfSection
  readonly symbol: ElfSymbol
  readonly atSlot: SlotIndex
  readonly known: readonly FunctionReference[]
}

/** Calls without a relocation: the compiler knew the distance, since caller and callee are in one section. */
function localCalls({ elf }: Source, { section, symbol, atSlot, known }: LocalCalls): FunctionReference[] {
  const relocated = new Set(known.map((reference) => reference.slot))
  const found: FunctionReference[] = []
  for (const [slot, insn] of atSlot) {
    if (insn.opcode !== CALL || insn.src !== PSEUDO.CALL || relocated.has(slot)) continue
    const value = symbol.value + (slot + insn.imm + 1) * SLOT
    found.push({ kind: 'call', slot, function: functionAt(elf, section, value, `${symbol.name}, instruction ${slot}`) })
  }
  return found
}

/** Name of the function that begins at a byte of a section. */
function functionAt(elf: ElfFile, section: ElfSection, value: number, place: string): string {
  const index = elf.sections.indexOf(section)
  const found = elf.symbols.find((each) => each.type === STT.FUNC && each.section === index && each.value === value)
  if (section.name !== FUNCTION_SECTION || found === undefined)
    throw badObject(
      `${place}: calls byte ${value} of section ${section.name}, where no function begins`,
      `functions that programs call are in ${FUNCTION_SECTION}`,
    )
  return found.name
}

/** Loads of maps and functions are marked as such, which in ELF only the relocation tells. */
function markTargets(
  insns: readonly Insn[],
  relocations: readonly Relocation[],
  references: readonly FunctionReference[],
): Insn[] {
  const relocated = new Map(relocations.map((relocation) => [relocation.slot, relocation]))
  const referring = new Map(references.map((reference) => [reference.slot, reference]))
  let slot = 0
  return insns.map((insn) => {
    const relocation = relocated.get(slot)
    const reference = referring.get(slot)
    slot += slotsOf(insn)
    if (reference?.kind === 'address') return { ...insn, src: PSEUDO.FUNC, imm: -1, immHigh: 0 }
    if (reference) return { ...insn, src: reference.kind === 'kfunc' ? PSEUDO.KFUNC_CALL : PSEUDO.CALL, imm: -1 }
    if (!relocation) return insn
    if (relocation.kind === 'map') return { ...insn, src: PSEUDO.MAP_FD }
    return { ...insn, src: PSEUDO.MAP_VALUE, imm: 0, immHigh: relocation.offset }
  })
}

type SlotIndex = ReadonlyMap<number, Insn>

/** Instructions by the slot in which they begin. */
function slotIndex(insns: readonly Insn[]): SlotIndex {
  const index = new Map<number, Insn>()
  let slot = 0
  for (const insn of insns) {
    index.set(slot, insn)
    slot += slotsOf(insn)
  }
  return index
}

function readRelocation(
  source: Source,
  code: ElfSymbol,
  rel: ElfRelocation,
  atSlot: SlotIndex,
): Relocation | FunctionReference | FoundKsym {
  const slot = (rel.offset - code.value) / SLOT
  const place = `${code.name}, instruction ${slot}`
  const insn = atSlot.get(slot)
  const target = source.elf.symbols[rel.symbol]!
  const section = target.section === undefined ? undefined : source.elf.sections[target.section]
  if (rel.type === R_BPF.CALL_64_32) {
    if (insn?.opcode !== CALL) throw badObject(`${place} is corrupt: a call relocation of something that calls nothing`)
    if (section === undefined) return { kind: 'kfunc', slot, function: target.name }
    // Against a symbol the instruction says -1, against a section how far into it the function is.
    const value = target.value + (insn.imm + 1) * SLOT
    return { kind: 'call', slot, function: functionAt(source.elf, section, value, place) }
  }
  if (rel.type !== R_BPF.BITS_64_64) throw badObject(`${place}: relocation type ${rel.type} is not known`)
  if (insn?.opcode !== LD_IMM64)
    throw badObject(`${place} is corrupt: a relocation of something that loads no 64-bit value`)
  if (section === undefined) return externalVariable(source, target.name, slot, place)
  if (section.name === FUNCTION_SECTION)
    return { kind: 'address', slot, function: functionAt(source.elf, section, target.value + insn.imm, place) }
  if (section.name === MAPS_SECTION) {
    const map = source.maps.find((each) => each.name === target.name)
    if (map === undefined) throw badObject(`${place}: the object defines no map ${target.name}`)
    return { kind: 'map', slot, map: map.name }
  }
  const map = source.maps.find((each) => (each.data?.section ?? dataSectionName(each.name)) === section.name)
  if (map === undefined) throw badObject(`${place}: refers to section ${section.name}, which holds no data`)
  const offset = insn.imm + target.value
  if (offset < 0 || offset >= map.valueSize)
    throw badObject(`${place} is corrupt: it refers to byte ${offset} of the ${map.valueSize} bytes of ${map.name}`)
  return { kind: 'mapValue', slot, map: map.name, offset }
}

interface FoundKsym {
  readonly kind: 'ksym'
  readonly ksym: KsymReference
}

/** What no section of the file has: the loader provides it. */
function externalVariable({ externs }: Source, name: string, slot: number, place: string): Relocation | FoundKsym {
  const option = externs.kconfig.find((each) => each.name === name)
  if (option) return { kind: 'mapValue', slot, map: KCONFIG_SECTION, offset: option.offset }
  const symbol = externs.ksyms.get(name)
  if (symbol) return { kind: 'ksym', ksym: { slot, symbol: name, ...symbol } }
  throw badObject(
    `${place}: the external symbol ${name} cannot be resolved`,
    'variables that the kernel provides are declared __kconfig or __ksym',
  )
}

function readCore(
  ext: BtfExt,
  section: string,
  program: ElfSymbol,
  atSlot: SlotIndex,
): { coreRelocations?: CoreRelocation[] } {
  const inside = ext.core.filter(
    ({ section: where, offset }) =>
      where === section && offset >= program.value && offset < program.value + program.size,
  )
  const coreRelocations = inside.map(({ section: _, offset, ...relocation }) => {
    const slot = (offset - program.value) / SLOT
    if (!atSlot.has(slot))
      throw badObject(
        `.BTF.ext is corrupt: program ${program.name} has a relocation at byte ${offset} where none can be`,
      )
    return { slot, ...relocation }
  })
  return coreRelocations.length > 0 ? { coreRelocations } : {}
}

function readLines(ext: BtfExt, section: string, program: ElfSymbol, atSlot: SlotIndex): LineInfo[] {
  const lines: LineInfo[] = []
  for (const { section: where, offset, ...line } of ext.lines) {
    if (where !== section || offset < program.value || offset >= program.value + program.size) continue
    const slot = (offset - program.value) / SLOT
    if (!atSlot.has(slot) || slot <= (lines.at(-1)?.slot ?? -1))
      throw badObject(`.BTF.ext is corrupt: program ${program.name} has a line at byte ${offset} where none can be`)
    lines.push({ slot, ...line })
  }
  return lines
}

function functionId(source: Source, section: string, program: ElfSymbol): number | undefined {
  const info = source.ext.funcs.find((func) => func.section === section && func.offset === program.value)
  if (info === undefined) return undefined
  if (source.btf?.kindOf(info.typeId) !== 'func')
    throw badObject(`.BTF.ext is corrupt: type ${info.typeId} of program ${program.name} is no function`)
  return info.typeId
}
