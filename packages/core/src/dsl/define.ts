/**
 * Live values of a `.bpf.ts` file carry what they mean under one string key, so that recognition works by identity of
 * the value and not by its name, and across two copies of this package. Not enumerable: user code does not see it.
 */
import { invariant } from '../diag/diagnostic.ts'

export const DEF = '~def'

/** Gives `target` (an object or function) its meaning. */
export function define<T extends object, D extends object>(target: T, def: D): T {
  Object.defineProperty(target, DEF, { value: def })
  return target
}

/** The meaning of a live value; undefined for everything else. */
export function defOf(value: unknown): { readonly kind: string } | undefined {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return undefined
  return Object.getOwnPropertyDescriptor(value, DEF)?.value
}

/** As `defOf`, of a value that the types promise to have one. */
export function expectDef<D extends { readonly kind: string }>(value: unknown, kind: D['kind'], what: string): D {
  const def = defOf(value)
  if (def?.kind !== kind) throw new TypeError(`${what}: a ${kind} was expected, got ${describe(value)}`)
  return def as D // kind decides
}

/** `a number`, `null`, `a function`: for messages. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  const def = defOf(value)
  if (def) return def.kind === 'objectDef' ? 'an object()' : `a ${def.kind}`
  const type = Array.isArray(value) ? 'array' : typeof value
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`
}

/** Kernel-side operations have no meaning in JavaScript. */
export function kernelOnly(what: string): never {
  throw new Error(
    `${what} was called outside a kernel function: it works only inside functions that are passed to xdp(), ` +
      'tracepoint() and the other program constructors, after the unplugin-bpf plugin (or `unplugin-bpf compile`) has compiled the file',
  )
}

/** Gives a struct, map or function the name of the variable it was first given to. */
export function nameDef(value: unknown, name: string): void {
  const def = defOf(value) as { kind: string; name?: string; type?: { kind: string; name?: string } } | undefined
  if (!def) return
  invariant(name !== '', 'dsl: empty name')
  if (def.kind === 'schema') {
    if (def.type && (def.type.kind === 'struct' || def.type.kind === 'union')) def.type.name ||= name
  } else if (def.kind === 'map' || def.kind === 'global' || def.kind === 'subprog') {
    def.name ||= name
  }
}
