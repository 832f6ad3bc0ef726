/** Calls of kernel helpers by name: argument count, maps by name, the context where the helper wants it. */
import type { Form } from '../../forms/node.ts'
import { type HelperName, helperRow } from '../../tables/helpers/index.ts'
import type { HelperRow } from '../../tables/helpers/row.ts'
import { toLispName } from '../../tables/names.ts'
import { at } from '../build.ts'
import type { Call, Cx } from '../context.ts'
import { isCons } from '../datum.ts'
import { type Stx, syntaxError } from '../syntax.ts'
import { toForm } from '../translate.ts'
import { callbackNamed } from './callbacks.ts'
import { translatePrintk } from './printk.ts'
import { noteRecord } from './records.ts'
import { checkCount, mapOperand } from './shared.ts'

/** Helpers that have a form of their own. */
const FORMS: Readonly<Record<string, string>> = {
  map_lookup_elem: 'map-lookup',
  map_update_elem: 'map-update',
  map_delete_elem: 'map-delete',
  tail_call: 'tail-call',
}

export function helperArglist(row: HelperRow): string {
  const least = row.minArgs ?? row.args.length
  return row.args.map((a, i) => (i < least ? a.name : `[${a.name}]`)).join(' ')
}

export function translateHelper(cx: Cx, call: Call, helper: HelperName): Form {
  const row = helperRow(helper)
  const own = FORMS[helper]
  if (own && own !== call.name)
    throw syntaxError('unknown-form', call.stx, `\`${toLispName(helper)}\` is not called by name`, `use \`${own}\``)
  const { args } = call
  if (helper === 'trace_printk' && typeof args[0]?.datum === 'string') return translatePrintk(cx, call)
  checkCount(call, helperArglist(row), [row.minArgs ?? row.args.length, row.args.length])
  const forms = args.map((stx, i) =>
    isCallback(row.args[i]!) ? callbackNamed(cx, stx, { helper, mapStx: args[0] }) : argument(cx, stx, row.args[i]!),
  )
  noteRecord(cx, helper, call)
  return { kind: 'call', helper, args: forms, ...at(call.stx) }
}

const isCallback = (kind: HelperRow['args'][number]): boolean => kind.kind === 'typed' && kind.of === 'func'

function argument(cx: Cx, stx: Stx, kind: HelperRow['args'][number]): Form {
  if (kind.kind === 'map') {
    const { map, via } = mapOperand(cx, stx)
    return via ?? { kind: 'mapRef', map, ...at(stx) }
  }
  if (kind.kind === 'ctx' && !isCons(stx.datum) && typeof stx.datum === 'bigint') {
    throw syntaxError('bad-syntax', stx, `argument \`${kind.name}\` is the context`, 'write `(ctx-ptr)`')
  }
  return toForm(cx, stx)
}
