/** Public entry `@unplugin-bpf/core/object`: re-exports only. */
export { disasmInsn } from '../bpf/disasm.ts'
export { encodeInsns } from '../bpf/encode.ts'
export { type Insn, LD_IMM64, PSEUDO, slotsOf } from '../bpf/insn.ts'
export { CORE_POISON, type CoreResult, relocateCore } from '../btf/core-relo.ts'
export { kernelReady } from '../btf/kernel-ready.ts'
export { type Btf, readBtf } from '../btf/reader.ts'
export type { BtfKind, BtfMember, BtfType, BtfTypeId, BtfTypeOf } from '../btf/types.ts'
export { CompileError } from '../diag/compile-error.ts'
export { Abort, assertNever } from '../diag/diagnostic.ts'
export { renderFrame } from '../diag/render.ts'
export { sourceFile } from '../diag/source.ts'
export { relocateObject } from '../object/core.ts'
export { type ExtInfo, extInfoFor } from '../object/ext-info.ts'
export { fromElf } from '../object/from-elf.ts'
export { withKconfig } from '../object/kconfig.ts'
export { linkProgram } from '../object/link.ts'
export {
  type BpfObject,
  type DataSection,
  type FunctionReference,
  type FunctionSpec,
  type KconfigSpec,
  type KsymReference,
  type LineInfo,
  type MapSpec,
  type ProgramSpec,
  type Relocation,
  slotCount,
  type VariableSpec,
} from '../object/object.ts'
export { toElf } from '../object/to-elf.ts'
export {
  ATTACH_KINDS,
  type AttachInterface,
  type AttachKindRow,
  type AttachOptionName,
  attachKindRow,
} from '../tables/attach-kinds.ts'
export { CONTEXTS, type ContextField, type ContextName } from '../tables/contexts.ts'
export { ATTACH_TYPE_IDS, BPF_COMMANDS, LINK_TYPE_IDS, MAP_TYPE_IDS, PROG_TYPE_IDS } from '../tables/generated/enums.ts'
export {
  HELPER_NAMES,
  type HelperName,
  helperById,
  helperByName,
  helperId,
  helperRow,
} from '../tables/helpers/index.ts'
export { helperSince } from '../tables/helpers/since.ts'
export { MAP_TYPES, type MapTypeName, type MapTypeRow } from '../tables/map-types.ts'
export { toCamelName } from '../tables/names.ts'
export {
  type LinkKind,
  PROGRAM_TYPES,
  type ProgramTypeName,
  type ProgramTypeRow,
  type SectionRow,
} from '../tables/program-types.ts'
export { matchSection } from '../tables/sections.ts'
export { shippedTracepoint } from '../tables/tracepoints.ts'
