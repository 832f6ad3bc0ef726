/**
 * Whether a form gives a pointer, as far as this is plain from the form itself: decides if a map key or value is passed
 * by value or by address. The full type inference comes later; what it may still find to be wrong, it reports.
 */
import type { MapDecl } from '../forms/module.ts'
import type { Form, Local } from '../forms/node.ts'
import { HELPERS } from '../tables/helpers/index.ts'
import type { HelperRow } from '../tables/helpers/row.ts'

const origins = new WeakMap<Local, Form>()

/** Remembers what a local was bound to. */
export function noteBinding(local: Local, init: Form | undefined): void {
  if (init) origins.set(local, init)
}

/** What a local was last bound to. */
export function originOf(local: Local): Form | undefined {
  return origins.get(local)
}

/** Pointer to memory that the program may read: not kernel addresses, which are numbers here. */
export function givesPointer(form: Form): boolean {
  switch (form.kind) {
    case 'alloc':
    case 'localAddr':
    case 'mapLookup':
    case 'globalAddr':
    case 'ctx':
      return true
    case 'mapGet':
      return (
        form.map.inner !== undefined ||
        form.map.valueSize > 8 ||
        !isScalarSize(form.map.valueSize) ||
        (form.map.valueType !== undefined && form.map.valueType.kind !== 'int')
      )
    case 'local': {
      const origin = origins.get(form.local)
      if (origin === undefined) return false
      // Taken away meanwhile: `(setf p (+ p 1))` makes the local its own origin.
      origins.delete(form.local)
      const result = givesPointer(origin)
      origins.set(form.local, origin)
      return result
    }
    case 'binary':
      return (
        (form.op === 'add' && (givesPointer(form.left) || givesPointer(form.right))) ||
        (form.op === 'sub' && givesPointer(form.left) && !givesPointer(form.right))
      )
    case 'ctxLoad':
      return form.field?.pointer !== undefined
    case 'call': {
      const row: HelperRow = HELPERS[form.helper]
      const { ret } = row
      return ret.kind === 'mapValueOrNull' || ret.kind === 'recordOrNull'
    }
    case 'if':
      return givesPointer(form.then) || (form.else !== undefined && givesPointer(form.else))
    case 'let':
      return givesPointer(form.body)
    case 'seq':
    case 'and':
    case 'or': {
      const last = form.forms.at(-1)
      return last !== undefined && givesPointer(last)
    }
    default:
      return false
  }
}

/** What the map looks like that a form points to: an entry of a map of maps. */
export function innerMapOf(form: Form): MapDecl | undefined {
  switch (form.kind) {
    case 'mapLookup':
    case 'mapGet':
      return form.map.inner
    case 'local': {
      const origin = origins.get(form.local)
      if (origin === undefined) return undefined
      origins.delete(form.local) // as in givesPointer
      const result = innerMapOf(origin)
      origins.set(form.local, origin)
      return result
    }
    default:
      return undefined
  }
}

export const isScalarSize = (size: number): boolean => size === 1 || size === 2 || size === 4 || size === 8
