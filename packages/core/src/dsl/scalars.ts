/**
 * Scalar and wire schemas, and the types of their values: soft-branded numbers. Literals and results of operators assign
 * to all of them, widening is free, narrowing between declared scalars is an error. The brand keys are strings, since
 * `unique symbol` keys would break declaration emit in the user's own files (TS4082). Called at build time a schema wraps
 * a number to its width, as the cast does in the kernel.
 */
import { codecFor } from '../runtime/codec.ts'
import { sizeOf } from '../types/layout.ts'
import * as t from '../types/types.ts'
import { define } from './define.ts'
import type { Scalar, Schema } from './types.ts'

/** Codec and size of a type, as the members that every schema has. */
export function schemaMembers<J>(type: t.Type): Pick<Schema<never, J>, 'size' | 'decode' | 'encode'> {
  // On first use: names may still be given to the struct, and most schemas are never used as codecs at build time.
  const codec = () => codecFor<J>(type)
  return {
    size: sizeOf(type),
    decode: (bytes, offset) => codec().decode(bytes, offset),
    encode: (value, out, offset) => codec().encode(value, out, offset),
  }
}

// The name of a schema is also the type of its values, and has its only home here: a type that the public entry does not
// export cannot be named in the declarations of the user's own files (TS2883).
export type u8 = number & { readonly '~w'?: 'u8' }
export type u16 = number & { readonly '~w'?: 'u8' | 'u16' }
export type u32 = number & { readonly '~w'?: 'u8' | 'u16' | 'u32' }
/** A number on the kernel side, a bigint in user space. */
export type u64 = number & { readonly '~w'?: 'u8' | 'u16' | 'u32' | 'u64' }
export type i8 = number & { readonly '~w'?: 'i8' }
export type i16 = number & { readonly '~w'?: 'i8' | 'i16' }
export type i32 = number & { readonly '~w'?: 'i8' | 'i16' | 'i32' }
export type i64 = number & { readonly '~w'?: 'i8' | 'i16' | 'i32' | 'i64' }
export type bool = boolean
export type u16be = u16
export type u32be = u32
export type u64be = u64
export type ipv4 = u32
export type ktime = u64

function scalar<K, J>(type: t.IntType): Scalar<K, J> {
  const cast = (value: number | bigint | boolean): unknown => wrap(type, value)
  const schema = define(Object.assign(cast, schemaMembers<J>(type)), { kind: 'schema', type })
  return schema as unknown as Scalar<K, J> // K and J are phantoms
}

function wrap(type: t.IntType, value: number | bigint | boolean): number | bigint | boolean {
  if (type.display === 'bool') return Boolean(value)
  const whole = typeof value === 'number' ? BigInt(Math.trunc(value)) : BigInt(value)
  const wrapped = type.signed ? BigInt.asIntN(type.bits, whole) : BigInt.asUintN(type.bits, whole)
  const number = Number(wrapped)
  return Number.isSafeInteger(number) ? number : wrapped
}

const net = (bits: 16 | 32 | 64): t.IntType => ({ kind: 'int', bits, signed: false, order: 'net' })

export const u8 = /*#__PURE__*/ scalar<u8, number>(t.u8)
export const u16 = /*#__PURE__*/ scalar<u16, number>(t.u16)
export const u32 = /*#__PURE__*/ scalar<u32, number>(t.u32)
export const u64 = /*#__PURE__*/ scalar<u64, bigint>(t.u64)
export const i8 = /*#__PURE__*/ scalar<i8, number>(t.i8)
export const i16 = /*#__PURE__*/ scalar<i16, number>(t.i16)
export const i32 = /*#__PURE__*/ scalar<i32, number>(t.i32)
export const i64 = /*#__PURE__*/ scalar<i64, bigint>(t.i64)
/** One byte, 0 or 1. */
export const bool = /*#__PURE__*/ scalar<boolean, boolean>({ ...t.u8, display: 'bool' })

// Big-endian in memory; both sides see the number.
export const u16be = /*#__PURE__*/ scalar<u16, number>(net(16))
export const u32be = /*#__PURE__*/ scalar<u32, number>(net(32))
export const u64be = /*#__PURE__*/ scalar<u64, bigint>(net(64))
/** Big-endian address: a number in the kernel (0x7f000001), text in user space ('127.0.0.1'). */
export const ipv4 = /*#__PURE__*/ scalar<u32, string>({ ...net(32), display: 'ipv4' })
/** Nanoseconds since boot, as `bpf.ktimeGetNs()` gives them. */
export const ktime = /*#__PURE__*/ scalar<u64, bigint>({ ...t.u64, display: 'ktime' })
