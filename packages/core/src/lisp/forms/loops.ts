import type { Binding, Form, Label, Local } from '../../forms/node.ts'
import { visitForms } from '../../forms/visit.ts'
import { u64 } from '../../types/types.ts'
import { at, binary, comparison, constant, localRef, type Origin, seq } from '../build.ts'
import { bindLocal, type Call, type Cx, type SpecialForm } from '../context.ts'
import { isSym, NIL, type Sym, sym, uninterned } from '../datum.ts'
import { printDatum } from '../print.ts'
import { type Stx, symbolOf, syntaxError } from '../syntax.ts'
import { toBody, toForm } from '../translate.ts'
import { form } from './shared.ts'

/** Names under which loops are among the blocks; no source can spell them. */
const BREAK = uninterned('BREAK')
const CONTINUE = uninterned('CONTINUE')

interface Loop {
  readonly body: Form
  /** Wraps the whole loop, when something leaves it. */
  readonly wrap: (loop: Form) => Form
}

/** Translates a loop's body; blocks are made only where they are used, so that plain loops stay as they are. */
export function loopBody(cx: Cx, origin: Origin, translate: (inner: Cx) => Form): Loop {
  const out: Label = { name: 'break' }
  const next: Label = { name: 'continue' }
  const blocks = [{ name: BREAK, label: out }, { name: NIL, label: out }, { name: CONTINUE, label: next }, ...cx.blocks]
  const inner = translate({ ...cx, blocks, siblings: [] })
  const body: Form = leaves(inner, next) ? { kind: 'block', label: next, body: inner, ...at(origin) } : inner
  const isLeft = leaves(inner, out)
  return { body, wrap: (loop) => (isLeft ? { kind: 'block', label: out, body: loop, ...at(origin) } : loop) }
}

function leaves(body: Form, label: Label): boolean {
  let found = false
  visitForms(body, (each) => {
    if (each.kind === 'leave' && each.label === label) found = true
  })
  return found
}

function jump(name: Sym): SpecialForm['translate'] {
  return (cx, call) => {
    const block = cx.blocks.find((each) => each.name === name)
    if (!block) throw syntaxError('bad-syntax', call.stx, `\`${call.name}\` is not inside a loop`)
    return { kind: 'leave', label: block.label, ...at(call.stx) }
  }
}

function translateWhile(cx: Cx, call: Call): Form {
  const [testStx, ...body] = call.args as [Stx, ...Stx[]]
  const test = toForm(cx, testStx)
  const loop = loopBody(cx, call.stx, (inner) => toBody(inner, call.stx, body))
  return loop.wrap({ kind: 'while', test, body: loop.body, ...at(call.stx) })
}

// --- (loop ...)

/** `(loop while test do body...)`, `until`, `repeat n`, `for x from a below b [by c]`, or a plain body with `(break)`. */
function translateLoop(cx: Cx, call: Call): Form {
  const clauses = parseClauses(call)
  const scoped = clauses.variables.reduce((inner, v) => bindLocal(inner, v.name, v.local), cx)
  const bindings: Binding[] = clauses.variables.map((v) => ({ local: v.local, init: toForm(cx, v.from) }))
  const tests = [
    ...clauses.variables.flatMap((v) =>
      v.limit ? [comparison(call.stx, v.limit.pred, localRef(call.stx, v.local), toForm(cx, v.limit.stx))] : [],
    ),
    ...clauses.tests.map(({ stx, when }): Form => {
      const test = toForm(scoped, stx)
      return when === 'while' ? test : { kind: 'not', value: test, ...at(stx) }
    }),
  ]
  const loop = loopBody(scoped, call.stx, (inner) => toBody(inner, call.stx, clauses.body))
  const steps = clauses.variables.map(
    (v): Form => ({
      kind: 'set',
      local: v.local,
      value: binary(call.stx, 'add', localRef(call.stx, v.local), v.by ? toForm(cx, v.by) : constant(call.stx, 1)),
      ...at(call.stx),
    }),
  )
  const test: Form =
    tests.length === 0
      ? constant(call.stx, 1)
      : tests.length === 1
        ? tests[0]!
        : { kind: 'and', forms: tests, ...at(call.stx) }
  const whole = loop.wrap({ kind: 'while', test, body: seq(call.stx, [loop.body, ...steps]), ...at(call.stx) })
  return bindings.length === 0 ? whole : { kind: 'let', bindings, body: whole, ...at(call.stx) }
}

interface LoopVariable {
  readonly name: Sym
  readonly local: Local
  readonly from: Stx
  limit?: { readonly pred: 'ult' | 'ule'; readonly stx: Stx }
  by?: Stx
}

interface Clauses {
  readonly variables: readonly LoopVariable[]
  readonly tests: readonly { readonly stx: Stx; readonly when: 'while' | 'until' }[]
  readonly body: readonly Stx[]
}

const WORDS = new Set(['WHILE', 'UNTIL', 'REPEAT', 'FOR', 'DO'])

function parseClauses(call: Call): Clauses {
  const rest = [...call.args]
  const variables: LoopVariable[] = []
  const tests: { stx: Stx; when: 'while' | 'until' }[] = []
  const word = (): string | undefined => {
    const datum = rest[0]?.datum
    return datum !== undefined && isSym(datum) ? datum.name : undefined
  }
  const take = (what: string): Stx => {
    const stx = rest.shift()
    if (!stx) throw syntaxError('bad-syntax', call.stx, `\`loop\` ends where ${what} is expected`)
    return stx
  }
  while (WORDS.has(word() ?? '')) {
    const clause = take('a clause')
    switch (printDatum(clause.datum).toUpperCase()) {
      case 'DO':
        return { variables, tests, body: rest }
      case 'WHILE':
        tests.push({ stx: take('a test'), when: 'while' })
        break
      case 'UNTIL':
        tests.push({ stx: take('a test'), when: 'until' })
        break
      case 'REPEAT': {
        const stx = take('a count')
        const local: Local = { name: 'round', type: u64, span: stx.span }
        const zero: Stx = { ...stx, datum: 0n }
        variables.push({ name: uninterned('ROUND'), local, from: zero, limit: { pred: 'ult', stx } })
        break
      }
      default:
        variables.push(forClause(take, word))
    }
  }
  return { variables, tests, body: rest }
}

function forClause(take: (what: string) => Stx, word: () => string | undefined): LoopVariable {
  const nameStx = take('a variable')
  const name = symbolOf(nameStx, 'a variable name')
  const local: Local = { name: printDatum(name, 'plain'), type: u64, span: nameStx.span }
  let from: Stx = { ...nameStx, datum: 0n }
  let limit: LoopVariable['limit']
  let by: Stx | undefined
  for (;;) {
    switch (word()) {
      case 'FROM':
        take('from')
        from = take('a value')
        break
      case 'BELOW':
      case 'TO': {
        const pred = take('a limit').datum === sym('TO') ? 'ule' : 'ult'
        limit = { pred, stx: take('a limit') }
        break
      }
      case 'BY':
        take('by')
        by = take('a step')
        break
      default:
        return { name, local, from, ...(limit && { limit }), ...(by && { by }) }
    }
  }
}

export const LOOP_FORMS: Readonly<Record<string, SpecialForm>> = {
  WHILE: form('test body...', 'The body while the test is not 0; a constant must bound the rounds.', translateWhile),
  LOOP: form(
    '[clauses...] body...',
    'while/until test, repeat n, for x from a below b by c, then do; or a plain body that `break` ends.',
    translateLoop,
  ),
  BREAK: form('', 'Leaves the innermost loop.', jump(BREAK)),
  CONTINUE: form('', 'Goes on with the next round.', jump(CONTINUE)),
}
