/** Public entry `@unplugin-bpf/core/object`: re-exports only. */
export { type Insn, LD_IMM64, PSEUDO, slotsOf } from '../bpf/insn.ts'
export { Abort, assertNever, CompileError } from '../diag/diagnostic.ts'
export { renderFrame } from '../diag/render.ts'
export { sourceFile } from '../diag/source.ts'
export { fromElf } from '../object/from-elf.ts'
export {
  type BpfObject,
  type LineInfo,
  type MapSpec,
  type ProgramSpec,
  type Relocation,
  slotCount,
} from '../object/object.ts'
export { ATTACH_TYPE_IDS, BPF_COMMANDS, MAP_TYPE_IDS, PROG_TYPE_IDS } from '../tables/generated/enums.ts'
export { MAP_TYPES, type MapTypeName, type MapTypeRow } from '../tables/map-types.ts'
export {
  type LinkKind,
  PROGRAM_TYPES,
  type ProgramTypeName,
  type ProgramTypeRow,
  type SectionRow,
} from '../tables/program-types.ts'
export { matchSection } from '../tables/sections.ts'
