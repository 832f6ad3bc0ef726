/** Binding and assignment: let, let*, setf of variables and places, local macros, symbol macros. */
import type { Binding, Form, Local } from '../../forms/node.ts'
import type { IntType } from '../../types/types.ts'
import { at, constant, isSimple, seq } from '../build.ts'
import { bindLocal, type Call, type Cx, lookup, type SpecialForm } from '../context.ts'
import { isCons, isSym, type Sym } from '../datum.ts'
import { makeMacro } from '../eval.ts'
import { evaluating } from '../expand.ts'
import { noteBinding } from '../pointers.ts'
import { printDatum } from '../print.ts'
import { listOf, quoted, type Stx, symbolOf, syntaxError } from '../syntax.ts'
import { constantSymbol, splitBody, toBody, toForm } from '../translate.ts'
import { isScalarName, scalarNamed, scalarType } from '../types.ts'
import { assignPlace } from './places.ts'
import { form } from './shared.ts'

interface Parsed {
  readonly name: Sym
  readonly stx: Stx
  readonly type: IntType | undefined
  readonly init: Stx | undefined
}

/** `(x init)`, `(x type init)`, `(x type)`, `(x)` or `x`. */
function parseBinding(cx: Cx, stx: Stx): Parsed {
  const items = isCons(stx.datum) ? listOf(stx, 'a binding') : [stx]
  const [nameStx, second, third] = items
  const name = symbolOf(nameStx!, 'a variable name')
  checkBindable(cx, name, nameStx!)
  if (items.length > 3)
    throw syntaxError(
      'bad-syntax',
      stx,
      `the binding ${quoted(stx)} has too many parts`,
      'a binding is (name init), (name type init) or (name type)',
    )
  if (third) return { name, stx: nameStx!, type: scalarType(second!), init: third }
  if (second && isScalarName(second) && isSym(second.datum) && !lookup(cx.scope, second.datum)) {
    return { name, stx: nameStx!, type: scalarType(second), init: undefined }
  }
  return { name, stx: nameStx!, type: undefined, init: second }
}

export function checkBindable(cx: Cx, name: Sym, stx: Stx): void {
  if (
    name.name === 'T' ||
    name.name === 'NIL' ||
    constantSymbol(cx.module, name) !== undefined ||
    cx.module.interp.globals.get(name)?.constant
  ) {
    throw syntaxError(
      'constant-assigned',
      stx,
      `${quoted(stx)} is a constant and cannot be bound`,
      'choose another name',
    )
  }
}

/** Types from `(declare (type u32 a b))` or `(declare (u32 a b))`, by variable. */
export function declaredTypes(declarations: readonly Stx[]): Map<Sym, { type: IntType; stx: Stx }> {
  const result = new Map<Sym, { type: IntType; stx: Stx }>()
  for (const declaration of declarations) {
    for (const specifier of listOf(declaration, 'a declaration').slice(1)) {
      const [head, ...others] = listOf(specifier, 'a declaration such as (type u32 x)')
      if (!head || !isSym(head.datum))
        throw syntaxError('bad-syntax', specifier, 'expected a declaration such as `(type u32 x)`')
      if (head.datum.name === 'IGNORE' || head.datum.name === 'IGNORABLE') continue
      const [typeStx, names] = head.datum.name === 'TYPE' ? [others[0], others.slice(1)] : [head, others]
      if (!typeStx || (head !== typeStx) === (scalarNamed(head.datum.name) !== undefined)) {
        throw syntaxError(
          'unsupported',
          specifier,
          `the declaration ${quoted(specifier)} is not supported`,
          'known is `(type u32 x)`',
        )
      }
      const type = scalarType(typeStx)
      for (const name of names) result.set(symbolOf(name, 'a variable name'), { type, stx: name })
    }
  }
  return result
}

function makeBinding(cx: Cx, parsed: Parsed, types: ReturnType<typeof declaredTypes>): Binding {
  const type = types.get(parsed.name)?.type ?? parsed.type
  const local: Local = { name: printDatum(parsed.name, 'plain'), type, span: parsed.stx.span }
  const init = parsed.init ? toForm(cx, parsed.init) : constant(parsed.stx, 0)
  noteBinding(local, init)
  return { local, init }
}

interface LetPlan {
  readonly parsed: readonly Parsed[]
  readonly types: ReturnType<typeof declaredTypes>
  readonly body: readonly Stx[]
}

function parseLet(cx: Cx, call: Call): LetPlan {
  const parsed = listOf(call.args[0]!, 'a list of bindings').map((stx) => parseBinding(cx, stx))
  const { declarations, body } = splitBody(call.args.slice(1))
  const types = declaredTypes(declarations)
  checkDeclared(types, parsed)
  return { parsed, types, body }
}

function translateLet(cx: Cx, call: Call): Form {
  const { parsed, types, body } = parseLet(cx, call)
  checkDistinct(parsed)
  const siblings = [...parsed.map((p) => p.name), ...cx.siblings]
  let inner: Cx = { ...cx, siblings: [] }
  const bindings = parsed.map((p) => {
    const binding = makeBinding({ ...cx, siblings }, p, types)
    inner = bindLocal(inner, p.name, binding.local)
    return binding
  })
  const result = toBody(inner, call.stx, body)
  return bindings.length === 0 ? result : { kind: 'let', bindings, body: result, ...at(call.stx) }
}

function translateLetStar(cx: Cx, call: Call): Form {
  const { parsed, types, body } = parseLet(cx, call)
  let inner: Cx = { ...cx, siblings: [] }
  const bindings = parsed.map((p) => {
    const binding = makeBinding(inner, p, types)
    inner = bindLocal(inner, p.name, binding.local)
    return binding
  })
  return bindings.reduceRight<Form>(
    (rest, binding) => ({ kind: 'let', bindings: [binding], body: rest, ...at(call.stx) }),
    toBody(inner, call.stx, body),
  )
}

function checkDistinct(parsed: readonly Parsed[]): void {
  const seen = new Set<Sym>()
  for (const { name, stx } of parsed) {
    if (seen.has(name)) throw syntaxError('duplicate-name', stx, `\`let\` binds ${quoted(stx)} twice`)
    seen.add(name)
  }
}

function checkDeclared(types: ReturnType<typeof declaredTypes>, parsed: readonly Parsed[]): void {
  for (const [name, { stx }] of types) {
    if (parsed.some((p) => p.name === name)) continue
    throw syntaxError('unbound-variable', stx, `the declaration names ${quoted(stx)}, which this form does not bind`)
  }
}

function translateSetf(cx: Cx, call: Call): Form {
  if (call.args.length % 2) {
    throw syntaxError(
      'wrong-argument-count',
      call.stx,
      '`setf` takes pairs of a place and a value',
      'usage: (setf place value ...)',
    )
  }
  const forms: Form[] = []
  for (let i = 0; i < call.args.length; i += 2) {
    forms.push(
      assignPlace(
        cx,
        { place: call.args[i]!, origin: call.args.length === 2 ? call.stx : call.args[i]! },
        toForm(cx, call.args[i + 1]!),
      ),
    )
  }
  return forms.length === 0 ? constant(call.stx, 0) : seq(call.stx, forms)
}

function translateMacrolet(cx: Cx, call: Call): Form {
  let inner = cx
  for (const definition of listOf(call.args[0]!, 'a list of macro definitions')) {
    const [nameStx] = listOf(definition, 'a definition (name (parameters) body...)')
    if (!nameStx || !isCons(definition.datum))
      throw syntaxError('bad-syntax', definition, 'expected (name (parameters) body...)')
    const name = symbolOf(nameStx, 'a macro name')
    if (cx.module.forms.special.has(name.name))
      throw syntaxError('reserved-name', nameStx, `the built-in form ${quoted(nameStx)} cannot be redefined`)
    const { cdr } = definition.datum
    const expand = evaluating(cx.module, definition, () => makeMacro(cx.module.interp, name, cdr, undefined))
    inner = {
      ...inner,
      macros: { parent: inner.macros, name, macro: { name: name.name, span: definition.span, builtin: false, expand } },
    }
  }
  return toBody(inner, call.stx, call.args.slice(1))
}

function translateSymbolMacrolet(cx: Cx, call: Call): Form {
  let inner = cx
  for (const binding of listOf(call.args[0]!, 'a list of (name form)')) {
    const [nameStx, expansion] = listOf(binding, 'a pair (name form)')
    if (!nameStx || !expansion) throw syntaxError('bad-syntax', binding, 'expected (name form)')
    const name = symbolOf(nameStx, 'a name')
    inner = {
      ...inner,
      scope: { parent: inner.scope, name, meaning: { kind: 'symbolMacro', stx: expansion, scope: cx.scope } },
    }
  }
  return toBody(inner, call.stx, call.args.slice(1))
}

/** `(prog1 a b c)`: the value of a, after b and c ran. */
function translateProg1(cx: Cx, call: Call): Form {
  const value = toForm(cx, call.args[0]!)
  const others = call.args.slice(1).map((stx) => toForm(cx, stx))
  if (isSimple(value) && value.kind === 'const') return seq(call.stx, [...others, value])
  const local: Local = { name: 'first', type: undefined, span: value.span }
  noteBinding(local, value)
  const body = seq(call.stx, [...others, { kind: 'local', local, ...at(call.stx) }])
  return { kind: 'let', bindings: [{ local, init: value }], body, ...at(call.stx) }
}

export const BINDING_FORMS: Readonly<Record<string, SpecialForm>> = {
  LET: form('((name [type] [init])...) body...', 'Binds variables; no initialiser sees the new ones.', translateLet),
  'LET*': form('((name [type] [init])...) body...', 'Binds variables one after the other.', translateLetStar),
  SETF: form('[place value]...', 'Assigns places in order; the value is the last one assigned.', translateSetf),
  SETQ: form('[name value]...', 'As `setf`.', translateSetf),
  PROG1: form('first body...', 'The value of the first form, after the others ran.', translateProg1),
  DECLARE: form('specifiers...', 'Types of variables; at the start of a binding form.', (_, call) => {
    throw syntaxError(
      'bad-syntax',
      call.stx,
      '`declare` stands in the wrong place',
      'it belongs right after the bindings of `let` or `dotimes`',
    )
  }),
  MACROLET: form('((name (parameters) body...)...) body...', 'Macros for the body.', translateMacrolet),
  'SYMBOL-MACROLET': form('((name form)...) body...', 'Names that stand for forms.', translateSymbolMacrolet),
}
