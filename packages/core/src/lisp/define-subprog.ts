/**
 * `defsubprog`: a BPF function that programs call, compiled once instead of at every use as a macro is.
 *
 *   (defsubprog mix ((a u32) (b u32)) u32      scalars by value
 *     (logxor (* a 31) b))
 *   (defsubprog total (entry) u64 ...)         without a type: whatever the calls pass, pointers included
 *   (defsubprog port ((c ctx)) u32 ...)        the context: (ctx field) means it
 *
 * The body is translated at the first call, because the caller decides which context fields there are.
 */

import { checkRecords } from '../forms/check-records.ts'
import type { Form, Local } from '../forms/node.ts'
import { at, constant } from './build.ts'
import type { Call, Cx, ModuleState, OpenFunction, PendingFunction } from './context.ts'
import { bindLocal } from './context.ts'
import { isCons, isSym, NIL, type Sym } from './datum.ts'
import { kernelName } from './define-struct.ts'
import { noteBinding } from './pointers.ts'
import { printDatum } from './print.ts'
import { RECORD_WORDING } from './record-wording.ts'
import { counted, diagnosticOf, listOf, quoted, type Stx, symbolOf, syntaxError } from './syntax.ts'
import { toBody, toForm } from './translate.ts'
import { scalarType } from './types.ts'

/** r1 to r5. */
const MAX_PARAMS = 5
const USAGE = 'usage: (defsubprog name ((parameter type)...) type body...)'

type CheckName = (module: ModuleState, stx: Stx, what: string) => Sym

export function defineSubprogram(module: ModuleState, stx: Stx, args: readonly Stx[], checkName: CheckName): void {
  const [nameStx, paramsStx, resultStx, ...rest] = args
  if (!nameStx || !paramsStx || !resultStx)
    throw syntaxError('wrong-argument-count', stx, '`defsubprog` needs a name, parameters, a type and a body', USAGE)
  const symbol = checkName(module, nameStx, 'subprogram')
  const name = kernelName(nameStx, symbol, 'subprogram')
  if (
    module.functions.has(name) ||
    module.kfuncs.has(name) ||
    module.programs.some((program) => program.decl.name === name)
  )
    throw syntaxError('duplicate-name', nameStx, `there are two functions or programs named ${quoted(nameStx)}`)
  if (!isCons(paramsStx.datum) && paramsStx.datum !== NIL)
    throw syntaxError('bad-syntax', paramsStx, `expected a list of parameters, got ${quoted(paramsStx)}`, USAGE)
  const params = listOf(paramsStx, 'parameters').map(parseParameter)
  if (params.length > MAX_PARAMS)
    throw syntaxError(
      'wrong-argument-count',
      paramsStx,
      `a BPF function takes at most ${MAX_PARAMS} arguments, got ${params.length}`,
      'pass the address of a struct',
    )
  const body = rest.filter((form, i) => !(i === 0 && rest.length > 1 && typeof form.datum === 'string'))
  if (body.length === 0) throw syntaxError('bad-syntax', stx, `the function ${quoted(nameStx)} has no body`, USAGE)
  const context = params.findIndex((param) => param.isContext)
  const decl: OpenFunction = {
    name,
    params: params.map((param) => param.local),
    ...(context >= 0 && { contextParam: context }),
    result: scalarType(resultStx),
    body: constant(stx, 0),
    span: nameStx.span,
  }
  const pending: PendingFunction = {
    decl,
    symbols: params.map((param) => param.symbol),
    body,
    stx,
    state: 'waiting',
  }
  module.functions.set(name, pending)
  module.generated.set(symbol, {
    args: params.map((param) => param.local.name).join(' '),
    doc: `Calls the function ${name}.`,
    span: nameStx.span,
    translate: (cx, call) => invoke(cx, call, pending),
  })
}

interface Parameter {
  readonly symbol: Sym
  readonly local: Local
  readonly isContext: boolean
}

function parseParameter(stx: Stx): Parameter {
  const items = isCons(stx.datum) ? listOf(stx, 'a parameter (name type)') : [stx]
  const [nameStx, typeStx, ...extra] = items
  if (!nameStx || extra.length > 0)
    throw syntaxError('bad-syntax', stx, `expected a parameter (name type), got ${quoted(stx)}`, USAGE)
  const symbol = symbolOf(nameStx, 'a parameter name')
  const isContext = typeStx !== undefined && isSym(typeStx.datum) && typeStx.datum.name === 'CTX'
  const type = typeStx && !isContext ? scalarType(typeStx) : undefined
  return { symbol, local: { name: printDatum(symbol, 'plain'), type, span: nameStx.span }, isContext }
}

function invoke(cx: Cx, call: Call, pending: PendingFunction): Form {
  const { decl } = pending
  if (call.args.length !== decl.params.length)
    throw syntaxError(
      'wrong-argument-count',
      call.stx,
      `\`${call.name}\` takes ${counted(decl.params.length, 'argument')}, got ${call.args.length}`,
      `usage: (${[call.name, ...decl.params.map((param) => param.name)].join(' ')})`,
    )
  const args = call.args.map((stx) => toForm(cx, stx))
  for (const [i, param] of decl.params.entries()) if (!param.type) noteBinding(param, args[i])
  translateFunction(cx, pending)
  return { kind: 'invoke', function: decl, args, ...at(call.stx) }
}

/** `cx`: that of a caller. Errors go to the bag, so that a caller does not report them as its own. */
export function translateFunction(cx: Cx, pending: PendingFunction): void {
  if (pending.state === 'translated') return
  pending.state = 'translated'
  const { decl, symbols } = pending
  let inner: Cx = {
    ...cx,
    scope: undefined,
    macros: undefined,
    siblings: [],
    blocks: [],
    onReturn: undefined,
    depth: 0,
  }
  for (const [i, symbol] of symbols.entries()) inner = bindLocal(inner, symbol, decl.params[i]!)
  try {
    decl.body = toBody(inner, pending.stx, pending.body)
    checkRecords(decl.body, cx.module.bag, RECORD_WORDING)
  } catch (error) {
    cx.module.bag.add(diagnosticOf(error, pending.stx))
  }
}
