/**
 * Writes BTF: takes the same `BtfType` values that the reader gives and appends them to a type section.
 *
 *   in:  types whose references are ids that `add` returned before (or will return: BTF allows forward references)
 *   out: bytes that the kernel accepts as they are, when the types obey kernel/bpf/btf.c (6.18)
 *
 * Strings are stored once. Types are not deduplicated here: that needs to know what a type means (`type-table.ts`).
 */

import { StringTable } from '../bytes/string-table.ts'
import { ByteWriter } from '../bytes/writer.ts'
import { assertNever, InvariantError, invariant } from '../diag/diagnostic.ts'
import type { BtfMember, BtfType, BtfTypeId, BtfTypeOf } from './types.ts'
import { BTF_HEADER_SIZE, BTF_KIND, BTF_LINKAGE, BTF_MAGIC, BTF_VERSION } from './types.ts'

/** `vlen` has 16 bits. */
const MAX_COUNT = 0xffff

export class BtfWriter {
  readonly #types = new ByteWriter()
  readonly #strings = new StringTable()
  #nextId = 1

  /** Offset of a string; also for the texts that `.BTF.ext` refers to. */
  string(text: string): number {
    return this.#strings.add(text)
  }

  add(type: BtfType): BtfTypeId {
    this.#write(type)
    return this.#nextId++
  }

  finish(): Uint8Array {
    const types = this.#types.finish()
    const strings = this.#strings.finish()
    const out = new ByteWriter()
    out.u16(BTF_MAGIC)
    out.u8(BTF_VERSION)
    out.u8(0)
    out.u32(BTF_HEADER_SIZE)
    out.u32(0)
    out.u32(types.length)
    out.u32(types.length)
    out.u32(strings.length)
    out.raw(types)
    out.raw(strings)
    return out.finish()
  }

  #write(type: BtfType): void {
    switch (type.kind) {
      case 'void':
        throw new InvariantError('btf: void has no record, its id is 0')
      case 'int':
        this.#head(type, { word: type.size })
        this.#types.u32((type.encoding << 24) | (type.bitOffset << 16) | type.bits)
        break
      case 'float':
        this.#head(type, { word: type.size })
        break
      case 'array':
        this.#head(type, {})
        this.#pair(type.type, type.indexType)
        this.#types.u32(type.length)
        break
      case 'struct':
      case 'union':
        this.#writeStruct(type)
        break
      case 'enum':
      case 'enum64':
        this.#writeEnum(type)
        break
      case 'fwd':
        this.#head(type, { flag: type.of === 'union' })
        break
      case 'ptr':
      case 'typedef':
      case 'volatile':
      case 'const':
      case 'restrict':
      case 'typeTag':
        this.#head(type, { word: type.type })
        break
      case 'func':
        this.#head(type, { word: type.type, count: BTF_LINKAGE[type.linkage] })
        break
      case 'funcProto':
        this.#head(type, { word: type.returnType, count: type.params.length })
        for (const param of type.params) this.#pair(this.string(param.name), param.type)
        break
      case 'var':
        this.#head(type, { word: type.type })
        this.#types.u32(BTF_LINKAGE[type.linkage])
        break
      case 'datasec':
        this.#head(type, { word: type.size, count: type.vars.length })
        for (const v of type.vars) {
          this.#pair(v.type, v.offset)
          this.#types.u32(v.size)
        }
        break
      case 'declTag':
        this.#head(type, { word: type.type })
        this.#types.u32(type.component)
        break
      default:
        assertNever(type)
    }
  }

  #head(type: BtfType, head: { word?: number; count?: number; flag?: boolean }): void {
    const count = head.count ?? 0
    invariant(count <= MAX_COUNT, `btf: ${type.kind} ${type.name} has ${count} members, more than ${MAX_COUNT}`)
    this.#types.u32(this.string(type.name))
    this.#types.u32(((head.flag ? 1 : 0) << 31) | (BTF_KIND[type.kind] << 24) | count)
    this.#types.u32(head.word ?? 0)
  }

  #pair(first: number, second: number): void {
    this.#types.u32(first)
    this.#types.u32(second)
  }

  #writeStruct(type: BtfTypeOf<'struct' | 'union'>): void {
    const flag = type.members.some((m) => m.bitSize !== 0)
    this.#head(type, { word: type.size, count: type.members.length, flag })
    const place = (m: BtfMember) => (flag ? (m.bitSize << 24) | m.bitOffset : m.bitOffset)
    for (const member of type.members) {
      this.#pair(this.string(member.name), member.type)
      this.#types.u32(place(member))
    }
  }

  #writeEnum(type: BtfTypeOf<'enum' | 'enum64'>): void {
    this.#head(type, { word: type.size, count: type.values.length, flag: type.signed })
    for (const { name, value } of type.values) {
      this.#types.u32(this.string(name))
      if (type.kind === 'enum64') this.#types.u64(value)
      else this.#types.u32(Number(BigInt.asUintN(32, value)))
    }
  }
}
