/** BPF-to-BPF functions: compiled once and called, where plain functions are inlined. */
import { typeOf } from './composite.ts'
import { define, describe, kernelOnly } from './define.ts'
import type { SubprogDef } from './program-def.ts'
import type { Handler } from './programs.ts'
import type { AnySchema, Kernel } from './types.ts'

export type LiveSubprog = Omit<SubprogDef, 'handler'> & { readonly handler: Handler }
type Params<A extends readonly AnySchema[]> = { -readonly [I in keyof A]: Kernel<A[I]> }

/** `subprog([u32, u32], u32, (a, b) => a ^ b)`: at most five integers, one integer back. */
export function subprog<const A extends readonly AnySchema[], R extends AnySchema>(
  params: A,
  result: R,
  body: (...args: Params<A>) => Kernel<R>,
): (...args: Params<A>) => Kernel<R> {
  if (typeof body !== 'function') throw new TypeError(`subprog(): a function was expected, got ${describe(body)}`)
  // r1-r5 carry arguments (RFC 9669, 2.1)
  if (params.length > 5) throw new RangeError(`subprog(): at most 5 parameters, got ${params.length}`)
  const def: LiveSubprog = {
    kind: 'subprog',
    name: undefined,
    params: params.map((schema) => typeOf(schema, 'subprog(), parameter')),
    result: typeOf(result, 'subprog(), result'),
    handler: body as unknown as Handler,
  }
  return define((): never => kernelOnly('a subprog'), { ...def })
}
