/** Kinds of CO-RE relocations, in the order of `enum bpf_core_relo_kind` (include/uapi/linux/bpf.h, 6.18). */
export const CORE_RELOCATION_KINDS = [
  'fieldByteOffset',
  'fieldByteSize',
  'fieldExists',
  'fieldSigned',
  'fieldLeftShift',
  'fieldRightShift',
  'typeIdLocal',
  'typeIdTarget',
  'typeExists',
  'typeSize',
  'enumValueExists',
  'enumValue',
  'typeMatches',
] as const

export type CoreRelocationKind = (typeof CORE_RELOCATION_KINDS)[number]
