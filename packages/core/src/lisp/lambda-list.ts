/**
 * Lambda lists: `&optional &rest &body &key &allow-other-keys &aux &whole` and nested destructuring. Parsing gives a
 * plan; binding walks arguments by the plan. Default forms are evaluated in the new environment, left to right.
 */
import { isCons, isSym, isTrue, keyword, listItems, NIL, type Sym, sym, T, type Value } from './datum.ts'
import { LispError } from './interp.ts'
import { printDatum } from './print.ts'
import { nearest } from './suggest.ts'

type Target = Sym | LambdaList

interface Optional {
  readonly target: Target
  readonly initial: Value
  readonly supplied: Sym | undefined
}

interface KeyParameter extends Optional {
  readonly key: Sym
}

export interface LambdaList {
  /** As written, for error messages. */
  readonly source: Value
  readonly whole: Sym | undefined
  readonly required: readonly Target[]
  readonly optional: readonly Optional[]
  readonly rest: Target | undefined
  readonly keys: readonly KeyParameter[] | undefined
  readonly otherKeys: boolean
  readonly aux: readonly Optional[]
}

interface Draft {
  whole: Sym | undefined
  required: Target[]
  optional: Optional[]
  rest: Target | undefined
  keys: KeyParameter[] | undefined
  otherKeys: boolean
  aux: Optional[]
}

const bad = (source: Value, why: string): LispError =>
  new LispError('bad-syntax', `the lambda list \`${printDatum(source)}\` is malformed: ${why}`)

export function parseLambdaList(source: Value): LambdaList {
  const draft: Draft = {
    whole: undefined,
    required: [],
    optional: [],
    rest: undefined,
    keys: undefined,
    otherKeys: false,
    aux: [],
  }
  let mode = 'required'
  let rest = source
  while (isCons(rest)) {
    const item = rest.car
    rest = rest.cdr
    if (isSym(item) && item.name.startsWith('&')) mode = enterMode(item.name, draft, source)
    else mode = addParameter(item, mode, draft, source)
  }
  // `(a b . c)` is `(a b &rest c)`.
  if (rest !== NIL) draft.rest = parseTarget(rest)
  return { source, ...draft }
}

function enterMode(name: string, draft: Draft, source: Value): string {
  switch (name) {
    case '&OPTIONAL':
    case '&AUX':
    case '&WHOLE':
      return name
    case '&REST':
    case '&BODY':
      return '&REST'
    case '&KEY':
      draft.keys = []
      return name
    case '&ALLOW-OTHER-KEYS':
      draft.otherKeys = true
      return name
    case '&ENVIRONMENT':
      return name
    default:
      throw bad(source, `\`${name.toLowerCase()}\` is unknown`)
  }
}

/** Returns the mode for the next parameter. */
function addParameter(item: Value, mode: string, draft: Draft, source: Value): string {
  switch (mode) {
    case 'required':
      draft.required.push(parseTarget(item))
      return mode
    case '&OPTIONAL':
      draft.optional.push(parseOptional(item))
      return mode
    case '&REST':
      draft.rest = parseTarget(item)
      return 'after-rest'
    case '&KEY':
      draft.keys!.push(parseKey(item))
      return mode
    case '&AUX':
      draft.aux.push(parseOptional(item))
      return mode
    case '&WHOLE':
      if (!isSym(item)) throw bad(source, 'expected a name after `&whole`')
      draft.whole = item
      return 'required'
    case '&ENVIRONMENT':
      return 'required'
    default:
      throw bad(source, `\`${printDatum(item)}\` stands in the wrong place`)
  }
}

function parseTarget(item: Value): Target {
  if (isSym(item) && item !== NIL) return item
  if (isCons(item) || item === NIL) return parseLambdaList(item)
  throw bad(item, 'expected a name')
}

function parseOptional(item: Value): Optional {
  if (!isCons(item)) return { target: parseTarget(item), initial: NIL, supplied: undefined }
  const [target, initial, supplied] = listItems(item) ?? []
  return {
    target: parseTarget(target ?? NIL),
    initial: initial ?? NIL,
    supplied: supplied && isSym(supplied) ? supplied : undefined,
  }
}

function parseKey(item: Value): KeyParameter {
  // ((:key name) default supplied-p)
  if (isCons(item) && isCons(item.car)) {
    const [key, target] = listItems(item.car) ?? []
    if (key && target && isSym(key)) {
      const rest = parseOptional({ kind: 'cons', car: sym('KEY'), cdr: item.cdr })
      return { ...rest, target: parseTarget(target), key: keyword(key.name) }
    }
  }
  const parameter = parseOptional(item)
  if (!('kind' in parameter.target)) throw bad(item, 'a key parameter needs a name')
  return { ...parameter, key: keyword(parameter.target.name) }
}

export interface BindContext {
  /** Name for messages. */
  readonly name: string
  readonly bind: (name: Sym, value: Value) => void
  readonly evaluate: (form: Value) => Value
  /** Set while a part of the arguments is destructured. */
  readonly nested?: boolean
}

/** Binds the arguments, a list, to the parameters. */
export function bindLambdaList(lambda: LambdaList, args: Value, cx: BindContext): void {
  if (lambda.whole) cx.bind(lambda.whole, args)
  let rest = args
  for (const target of lambda.required) {
    if (!isCons(rest)) throw countError(lambda, args, cx)
    bindTarget(target, rest.car, cx)
    rest = rest.cdr
  }
  for (const optional of lambda.optional) {
    const given = isCons(rest)
    bindOptional(optional, given ? (rest as { car: Value }).car : undefined, cx)
    if (isCons(rest)) rest = rest.cdr
  }
  if (lambda.rest) bindTarget(lambda.rest, rest, cx)
  if (lambda.keys) bindKeys(lambda, rest, cx)
  else if (!lambda.rest && rest !== NIL) throw countError(lambda, args, cx)
  for (const aux of lambda.aux) bindOptional(aux, undefined, cx)
}

function bindTarget(target: Target, value: Value, cx: BindContext): void {
  if ('kind' in target) cx.bind(target, value)
  else {
    const nested = { ...cx, nested: true }
    if (!isCons(value) && value !== NIL) throw countError(target, value, nested)
    bindLambdaList(target, value, nested)
  }
}

function bindOptional(optional: Optional, given: Value | undefined, cx: BindContext): void {
  bindTarget(optional.target, given ?? cx.evaluate(optional.initial), cx)
  if (optional.supplied) cx.bind(optional.supplied, given === undefined ? NIL : T)
}

function bindKeys(lambda: LambdaList, args: Value, cx: BindContext): void {
  const given = new Map<Sym, Value>()
  let rest = args
  while (isCons(rest)) {
    const key = rest.car
    if (!isSym(key) || !key.keyword)
      throw new LispError('bad-syntax', `\`${cx.name}\` expected a keyword, got \`${printDatum(key)}\``)
    if (!isCons(rest.cdr)) throw new LispError('bad-syntax', `\`${cx.name}\`: \`${printDatum(key)}\` has no value`)
    if (!given.has(key)) given.set(key, rest.cdr.car)
    rest = rest.cdr.cdr
  }
  const keys = lambda.keys ?? []
  if (!lambda.otherKeys && !isTrue(given.get(keyword('ALLOW-OTHER-KEYS')) ?? NIL)) {
    const known = keys.map((k) => printDatum(k.key))
    for (const key of given.keys()) {
      if (keys.some((k) => k.key === key)) continue
      const close = nearest(printDatum(key), known)
      throw new LispError(
        'unknown-option',
        `\`${cx.name}\` has no option \`${printDatum(key)}\``,
        close ? `did you mean \`${close}\`?` : `it takes ${known.join(', ') || 'none'}`,
      )
    }
  }
  for (const parameter of keys) bindOptional(parameter, given.get(parameter.key), cx)
}

function countError(lambda: LambdaList, args: Value, cx: BindContext): LispError {
  if (cx.nested) {
    const expected = printDatum(lambda.source)
    return new LispError(
      'bad-syntax',
      `\`${cx.name}\` expected a list like \`${expected}\`, got \`${printDatum(args)}\``,
    )
  }
  const count = listItems(args)?.length ?? 0
  const usage = `(${cx.name}${lambda.source === NIL ? '' : ` ${printDatum(lambda.source).slice(1, -1)}`})`
  return new LispError(
    'wrong-argument-count',
    `\`${cx.name}\` got ${count} argument${count === 1 ? '' : 's'}, which does not fit`,
    `usage: ${usage}`,
  )
}
