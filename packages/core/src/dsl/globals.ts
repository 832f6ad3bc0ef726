/** Global variables: constants that the loader may set, and memory that programs and user space share. */
import { codecFor } from '../runtime/codec.ts'
import { typeOf } from './composite.ts'
import { define, kernelOnly } from './define.ts'
import type { GlobalDef } from './map-def.ts'
import type { AnySchema, Infer, Kernel, Ref } from './types.ts'

/** Scalars by `.value`; structs and arrays by their members. `J`: the user-space value. */
export type Global<K, J> = Ref<K> & { readonly '~j': J; readonly '~global': 'data' }
export type Rodata<K, J> = Readonly<Ref<K>> & { readonly '~j': J; readonly '~global': 'rodata' }
// biome-ignore lint/suspicious/noExplicitAny: any types
export type AnyGlobal = { readonly '~j': any; readonly '~global': 'data' | 'rodata' }

/** A constant for the verifier, which `load({ constants })` may set: branches that it rules out cost nothing. */
export function rodata<S extends AnySchema>(schema: S, init: Infer<S>): Rodata<Kernel<S>, Infer<S>> {
  return create('rodata', schema, init) as Rodata<Kernel<S>, Infer<S>> // phantom types
}

/** A variable of all programs of the object, mapped into user space. */
export function global<S extends AnySchema>(schema: S, init: Infer<S>): Global<Kernel<S>, Infer<S>> {
  return create('data', schema, init) as Global<Kernel<S>, Infer<S>> // phantom types
}

function create(section: GlobalDef['section'], schema: AnySchema, init: unknown): unknown {
  const what = section === 'rodata' ? 'rodata()' : 'global()'
  const type = typeOf(schema, what)
  const def: GlobalDef = {
    kind: 'global',
    section,
    name: undefined,
    type,
    init: codecFor<unknown>(type, what).encode(init),
  }
  const live = {
    get value() {
      return kernelOnly(`the value of ${what}`)
    },
    set value(_) {
      kernelOnly(`the value of ${what}`)
    },
  }
  return define(live, { ...def })
}
