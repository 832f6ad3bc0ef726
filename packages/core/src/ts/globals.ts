/** `rodata` and `global` variables. */
import type { GlobalDef } from '../dsl/map-def.ts'
import type { Node } from './ast.ts'
import type { Cx } from './context.ts'
import { failure, spanOf } from './context.ts'
import type { RefValue } from './value.ts'

export function globalRef(cx: Cx, node: Node, def: GlobalDef): RefValue {
  const global = cx.unit.globalOf(def)
  if (!global) {
    throw failure(
      cx,
      node,
      'not-compilable',
      'this global variable has no name',
      'give it to a `const` at module level, or list it in `object({ globals })`',
    )
  }
  return {
    kind: 'ref',
    type: def.type,
    ptr: { kind: 'globalAddr', global, span: spanOf(cx, node) },
    offset: 0,
    space: 'mapValue',
    nullness: undefined,
    readonly: def.section === 'rodata',
  }
}
