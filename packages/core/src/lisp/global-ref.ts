/** References to global variables: what a name means, its value, its address. */
import type { GlobalDecl } from '../forms/module.ts'
import type { Form } from '../forms/node.ts'
import { toKernelName } from '../tables/names.ts'
import { at, constant, type Origin } from './build.ts'
import type { ModuleState } from './context.ts'
import type { Sym } from './datum.ts'

export function globalNamed(module: ModuleState, name: Sym): GlobalDecl | undefined {
  return name.keyword || !name.interned ? undefined : module.globals.get(toKernelName(name.name))
}

export function globalAddress(origin: Origin, global: GlobalDecl): Form {
  return { kind: 'globalAddr', global, ...at(origin) }
}

/** A scalar's value; for a struct or array its address. */
export function readGlobal(origin: Origin, global: GlobalDecl): Form {
  const ptr = globalAddress(origin, global)
  if (global.type.kind !== 'int') return ptr
  return { kind: 'load', type: global.type, ptr, offset: constant(origin, 0), ...at(origin) }
}
