/** Types of values inside kernel functions, and the two sides of a schema. Those of scalars are in `scalars.ts`. */
import type { u8, u32 } from './scalars.ts'

/** Memory of `length` elements. */
export interface Arr<T, N extends number = number> {
  readonly length: N
  [index: number]: T
  [Symbol.iterator](): IterableIterator<T>
}

/** `K`: the value inside kernel functions; `J`: the JavaScript value in user space. */
export interface Schema<K, J> {
  /** Bytes. */
  readonly size: number
  decode(bytes: Uint8Array, offset?: number): J
  encode(value: J, out?: Uint8Array, offset?: number): Uint8Array
  /** Never there; for types only. */
  readonly '~k': K
  readonly '~j': J
}

// biome-ignore lint/suspicious/noExplicitAny: any kernel and user type
export type AnySchema = Schema<any, any>
/** Type of a schema's values inside kernel functions. */
export type Kernel<S> = S extends { readonly '~k': infer K } ? K : never
/** Type of a schema's values in user space. */
export type Infer<S> = S extends { readonly '~j': infer J } ? J : never

/** Also the cast: `u32(x)` keeps the low 32 bits. */
export interface Scalar<K, J> extends Schema<K, J> {
  (value: number | bigint | boolean): K
}

export type ArraySchema<S extends AnySchema, N extends number> = Schema<
  Arr<Kernel<S>, N>,
  // Only the element u8 has a brand that assigns to u8; bytes are a Uint8Array in user space.
  [Kernel<S>] extends [u8] ? ([Infer<S>] extends [number] ? Uint8Array : Infer<S>[]) : Infer<S>[]
>

export type Fields = Readonly<Record<string, AnySchema>>
export type KernelFields<F extends Fields> = { -readonly [P in keyof F]: Kernel<F[P]> }
export type UserFields<F extends Fields> = { -readonly [P in keyof F]: Infer<F[P]> }

/** Called inside a kernel function it makes a value: `Flow({ packets: 1, bytes: 0 })`; fields left out are zero. */
export interface Struct<F extends Fields> extends Schema<KernelFields<F>, UserFields<F>> {
  readonly fields: F
  (init: Partial<KernelFields<F>>): KernelFields<F>
}

export interface Union<F extends Fields> extends Schema<KernelFields<F>, Partial<UserFields<F>> | Uint8Array> {
  readonly fields: F
}

/** Non-null reference to a value: scalars have `.value`, structs and arrays are themselves. */
export type Ref<K> = [K] extends [number] ? { value: K } : [K] extends [boolean] ? { value: K } : K

/** A reserved ring buffer record; must be submitted or discarded on every path. */
export type Reserved<K> = Ref<K> & {
  submit(flags?: number): void
  discard(flags?: number): void
}

/** The context of a program, as helpers take it. */
export interface Context {
  readonly '~c'?: true
}

/** Contexts of programs that may read the packet. */
export interface PacketContext extends Context {
  /** Bytes of the packet, or of its linear part. */
  readonly length: u32
  /**
   * A view of the packet at `offset`, or null when the packet is too short: TypeScript's null check is the verifier's
   * bounds check.
   */
  at<S extends AnySchema>(schema: S, offset: number): Ref<Kernel<S>> | null
  /** A view of what follows another view: `ctx.after(ip, Tcp)`. */
  after<S extends AnySchema>(view: object, schema: S): Ref<Kernel<S>> | null
}
