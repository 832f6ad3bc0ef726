/**
 * Structs of the running kernel, by name. Only the fields that are used need to be said; where they are comes from the
 * kernel's BTF when the program is loaded (CO-RE).
 */
import { define, defOf, describe, kernelOnly } from './define.ts'
import type { KernelStructDef, SchemaDef } from './schema.ts'
import type { AnySchema, Kernel } from './types.ts'

type KernelFieldSchemas = Readonly<Record<string, AnySchema | AnyKernelStruct>>
// biome-ignore lint/suspicious/noExplicitAny: fields of any kernel struct
export type AnyKernelStruct = KernelStruct<any>

/** Kernel memory: fields are read-only. */
export type KernelView<F> = {
  readonly [P in keyof F]: F[P] extends KernelStruct<infer G> ? KernelView<G> : Kernel<F[P]>
}

export interface KernelStruct<F extends KernelFieldSchemas> {
  readonly '~k': KernelView<F>
  /** As a field: a pointer to this struct instead of the struct itself. */
  readonly pointer: KernelStruct<F>
  /** Inside a kernel function: the struct at an address (`Task.at(bpf.getCurrentTask())`). */
  at(address: number | object): KernelView<F>
  /** Inside a kernel function: does the kernel that loads the program have the field? Known at load time. */
  has(field: keyof F & string): boolean
}

/** `kernel('task_struct', { pid: i32, comm: str(16) })`: field names are the kernel's, also in camel case. */
export function kernel<F extends KernelFieldSchemas>(name: string, fields: F): KernelStruct<F> {
  const types = new Map(Object.entries(fields).map(([key, schema]) => [key, fieldType(name, key, schema)]))
  return create<F>({ kind: 'kernelStruct', struct: name, fields: types, pointer: false })
}

function create<F extends KernelFieldSchemas>(def: KernelStructDef): KernelStruct<F> {
  const live = {
    get pointer() {
      return create<F>({ ...def, pointer: true })
    },
    at: () => kernelOnly(`${def.struct}.at()`),
    has: () => kernelOnly(`${def.struct}.has()`),
  }
  return define(live, def) as unknown as KernelStruct<F> // the phantom type
}

function fieldType(struct: string, key: string, schema: unknown): SchemaDef['type'] | KernelStructDef {
  const def = defOf(schema)
  if (def?.kind === 'schema') return (def as SchemaDef).type // kind decides
  if (def?.kind === 'kernelStruct') return def as KernelStructDef // kind decides
  throw new TypeError(`kernel('${struct}'), field ${key}: a schema or kernel() was expected, got ${describe(schema)}`)
}
