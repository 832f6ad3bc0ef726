/**
 * Links a program: appends the functions that it calls, as libbpf does (`bpf_object__reloc_code`), each once, and points
 * the calls at them. The kernel and the VM want one run of instructions per program.
 *
 *   in:  an object, one of its programs
 *   out: the program with all code in `insns`, relocations and lines moved along, `linked` telling where functions begin;
 *        `references` keeps only calls of kernel functions
 */
import type { Insn } from '../bpf/insn.ts'
import { slotsOf } from '../bpf/insn.ts'
import { badObject } from '../bytes/reader.ts'
import type {
  BpfObject,
  CoreRelocation,
  FunctionReference,
  FunctionSpec,
  KsymReference,
  LineInfo,
  ProgramSpec,
  Relocation,
} from './object.ts'

type Part = ProgramSpec | FunctionSpec

interface Placed {
  readonly part: Part
  readonly start: number
}

const sizeInSlots = (part: Part): number => part.insns.reduce((sum, insn) => sum + slotsOf(insn), 0)

export function linkProgram(object: BpfObject, program: ProgramSpec): ProgramSpec {
  const local = (program.references ?? []).filter((reference) => reference.kind !== 'kfunc')
  if (local.length === 0) return program
  const placed = placeParts(object, program)
  const starts = new Map(placed.map(({ part, start }) => [part.name, start]))
  const insns: Insn[] = []
  const relocations: Relocation[] = []
  const references: FunctionReference[] = []
  const ksyms: KsymReference[] = []
  const coreRelocations: CoreRelocation[] = []
  const lines: LineInfo[] = []
  for (const { part, start } of placed) {
    insns.push(...resolveCalls(part, start, starts))
    for (const relocation of part.relocations) relocations.push({ ...relocation, slot: relocation.slot + start })
    for (const reference of part.references ?? [])
      if (reference.kind === 'kfunc') references.push({ ...reference, slot: reference.slot + start })
    for (const ksym of part.ksyms ?? []) ksyms.push({ ...ksym, slot: ksym.slot + start })
    for (const core of part.coreRelocations ?? []) coreRelocations.push({ ...core, slot: core.slot + start })
    for (const line of part.lines) lines.push({ ...line, slot: line.slot + start })
  }
  const linked = placed.slice(1).map(({ part, start }) => ({ slot: start, btfFuncId: part.btfFuncId }))
  return { ...program, insns, relocations, references, ksyms, coreRelocations, lines, linked }
}

/** The program, then its functions in the order in which they are first named. */
function placeParts(object: BpfObject, program: ProgramSpec): Placed[] {
  const functions = new Map((object.functions ?? []).map((fn) => [fn.name, fn]))
  const placed: Placed[] = [{ part: program, start: 0 }]
  const seen = new Set<string>()
  let end = sizeInSlots(program)
  for (const { part } of placed) {
    for (const { kind, function: name } of part.references ?? []) {
      if (kind === 'kfunc' || seen.has(name)) continue
      seen.add(name)
      const callee = functions.get(name)
      if (callee === undefined)
        throw badObject(`${part.name} calls the function ${name}, which the object does not have`)
      placed.push({ part: callee, start: end })
      end += sizeInSlots(callee)
    }
  }
  return placed
}

/** Both a call and an address count from the next slot, of which a 64-bit load has two but the first counts. */
function resolveCalls(part: Part, start: number, starts: ReadonlyMap<string, number>): Insn[] {
  const bySlot = new Map((part.references ?? []).map((reference) => [reference.slot, reference]))
  let slot = 0
  return part.insns.map((insn) => {
    const reference = bySlot.get(slot)
    const at = start + slot
    slot += slotsOf(insn)
    if (!reference || reference.kind === 'kfunc') return insn
    return { ...insn, imm: starts.get(reference.function)! - at - 1 }
  })
}
