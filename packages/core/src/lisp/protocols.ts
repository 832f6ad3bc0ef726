/** Accessors of the built-in protocol headers, as `defheader` would make them. */
import { toLispName } from '../tables/names.ts'
import { HEADERS, type HeaderRow } from '../tables/protocols.ts'
import { SCALARS, scalarName } from '../types/types.ts'
import type { GeneratedForm, ModuleState } from './context.ts'
import type { Sym } from './datum.ts'
import { headerForms } from './forms/structs.ts'

let forms: ReadonlyMap<Sym, GeneratedForm> | undefined

export function addProtocolForms(module: ModuleState): void {
  forms ??= protocolForms()
  for (const [name, row] of forms) module.generated.set(name, row)
}

function protocolForms(): ReadonlyMap<Sym, GeneratedForm> {
  const result = new Map<Sym, GeneratedForm>()
  for (const [header, row] of Object.entries<HeaderRow>(HEADERS)) {
    // The swap is a form of its own, so the type itself is that of the bytes as they lie.
    const fields = Object.entries(row.fields).map(([name, { offset, type }]) => ({
      name: toLispName(name),
      offset,
      type: SCALARS[scalarName(type)],
      netOrder: type.order === 'net',
    }))
    for (const [name, form] of headerForms(toLispName(header), fields, undefined)) result.set(name, form)
  }
  return result
}
