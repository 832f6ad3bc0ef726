/**
 * The BTF type graph as decoded values (Documentation/bpf/btf.rst, include/uapi/linux/btf.h, 6.18). Types refer to each
 * other by id; id 0 is void. Offsets of members are in bits, as BTF stores them.
 */

/** `BTF_KIND_*` numbers. */
export const BTF_KIND = {
  void: 0,
  int: 1,
  ptr: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  fwd: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  funcProto: 13,
  var: 14,
  datasec: 15,
  float: 16,
  declTag: 17,
  typeTag: 18,
  enum64: 19,
} as const

export type BtfKind = keyof typeof BTF_KIND

/** Kind names by number. */
export const BTF_KIND_NAMES = Object.keys(BTF_KIND) as BtfKind[] // `keys` is typed string[]; the literal has exactly these

export const BTF_MAGIC = 0xeb9f
export const BTF_VERSION = 1
/** Bytes of `struct btf_header`. */
export const BTF_HEADER_SIZE = 24
/** Bytes of `struct btf_type`, what precedes the kind's own data. */
export const BTF_TYPE_SIZE = 12

export type BtfTypeId = number

/** `BTF_INT_*` encoding bits. */
export const BTF_INT = { signed: 1, char: 2, bool: 4 } as const

/** Linkage of FUNC (`enum btf_func_linkage`) and VAR (`BTF_VAR_*`); the numbers agree. */
export const BTF_LINKAGE = { static: 0, global: 1, extern: 2 } as const
export type BtfLinkage = keyof typeof BTF_LINKAGE

export interface BtfMember {
  /** Empty for anonymous structs and unions. */
  readonly name: string
  readonly type: BtfTypeId
  readonly bitOffset: number
  /** Width of a bitfield; 0 for an ordinary member. */
  readonly bitSize: number
}

export interface BtfEnumValue {
  readonly name: string
  /** Sign-extended when the enum is signed. */
  readonly value: bigint
}

export interface BtfParam {
  readonly name: string
  readonly type: BtfTypeId
}

export interface BtfSecVar {
  readonly type: BtfTypeId
  readonly offset: number
  readonly size: number
}

export type BtfModifierKind = 'typedef' | 'volatile' | 'const' | 'restrict' | 'typeTag'

export type BtfType =
  | { readonly kind: 'void'; readonly name: '' }
  | {
      readonly kind: 'int'
      readonly name: string
      readonly size: number
      /** `BTF_INT` bits. */
      readonly encoding: number
      readonly bits: number
      readonly bitOffset: number
    }
  | { readonly kind: 'float'; readonly name: string; readonly size: number }
  | { readonly kind: 'ptr'; readonly name: ''; readonly type: BtfTypeId }
  | {
      readonly kind: 'array'
      readonly name: ''
      readonly type: BtfTypeId
      readonly indexType: BtfTypeId
      readonly length: number
    }
  | {
      readonly kind: 'struct' | 'union'
      /** Empty when anonymous. */
      readonly name: string
      readonly size: number
      readonly members: readonly BtfMember[]
    }
  | {
      readonly kind: 'enum' | 'enum64'
      readonly name: string
      readonly size: number
      readonly signed: boolean
      readonly values: readonly BtfEnumValue[]
    }
  | { readonly kind: 'fwd'; readonly name: string; readonly of: 'struct' | 'union' }
  /** A typedef's or tag's name; empty for the qualifiers. */
  | { readonly kind: BtfModifierKind; readonly name: string; readonly type: BtfTypeId }
  | { readonly kind: 'func'; readonly name: string; readonly type: BtfTypeId; readonly linkage: BtfLinkage }
  | {
      readonly kind: 'funcProto'
      readonly name: ''
      readonly returnType: BtfTypeId
      /** A last parameter without name and with type 0 stands for `...`. */
      readonly params: readonly BtfParam[]
    }
  | { readonly kind: 'var'; readonly name: string; readonly type: BtfTypeId; readonly linkage: BtfLinkage }
  | { readonly kind: 'datasec'; readonly name: string; readonly size: number; readonly vars: readonly BtfSecVar[] }
  | {
      readonly kind: 'declTag'
      readonly name: string
      readonly type: BtfTypeId
      /** Member or parameter index; -1 for the whole type. */
      readonly component: number
    }

/** The types of one kind. */
export type BtfTypeOf<K extends BtfKind> = BtfType & { readonly kind: K }
