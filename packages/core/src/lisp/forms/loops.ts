/**
 * Loops: `while` and `loop` as natural loops, which the verifier follows round by round; `bpf-loop` through the helper,
 * which takes any number of rounds; `break` and `continue` for all of them.
 *
 *   (bpf-loop (i n) body...)
 *
 * runs its body as a callback. Outer variables that the body uses travel in a struct on the stack: they are stored before
 * and, when the body assigns them, read back afterwards.
 */
import type { FunctionDecl } from '../../forms/module.ts'
import type { Binding, Form, Label, Local } from '../../forms/node.ts'
import { visitForms } from '../../forms/visit.ts'
import type { ArrayType } from '../../types/types.ts'
import { i64, ptrTo, u32, u64 } from '../../types/types.ts'
import { at, binary, comparison, constant, localRef, type Origin, seq } from '../build.ts'
import { bindLocal, type Call, type Cx, type Scope, type SpecialForm } from '../context.ts'
import { isSym, list, NIL, type Sym, sym, uninterned } from '../datum.ts'
import { printDatum } from '../print.ts'
import { listOf, type Stx, symbolOf, syntaxError } from '../syntax.ts'
import { toBody, toForm } from '../translate.ts'
import { checkBindable } from './binding.ts'
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

// --- (bpf-loop (i n) ...)

/** Bytes of one captured variable. */
const SLOT = 8
/** BPF_MAX_LOOPS, include/linux/bpf.h (6.18). */
const MAX_LOOPS = 8n * 1024n * 1024n

function translateBpfLoop(cx: Cx, call: Call): Form {
  const [nameStx, countStx, ...extra] = listOf(call.args[0]!, '(variable count)')
  if (!nameStx || !countStx || extra.length > 0)
    throw syntaxError('bad-syntax', call.args[0]!, 'expected (variable count)', 'usage: (bpf-loop (i 1000) body...)')
  const name = symbolOf(nameStx, 'a variable name')
  checkBindable(cx, name, nameStx)
  const count = toForm(cx, countStx)
  if (count.kind === 'const' && count.value > MAX_LOOPS)
    throw syntaxError('bad-option', countStx, `\`bpf-loop\` runs at most ${MAX_LOOPS} times, got ${count.value}`)
  const index: Local = { name: printDatum(name, 'plain'), type: u32, span: nameStx.span }
  const body = call.args.slice(1)
  const captured = capturedVariables(cx, call, { name, index, body })
  const callback = makeCallback(cx, call, { name, index, body, captured })
  return callLoop(call, { count, callback, captured })
}

interface LoopParts {
  readonly name: Sym
  readonly index: Local
  readonly body: readonly Stx[]
}

interface Captured {
  readonly name: Sym
  readonly local: Local
  readonly isAssigned: boolean
}

/** Outer variables of the body: it is translated once only to find them. */
function capturedVariables(cx: Cx, call: Call, { name, index, body }: LoopParts): Captured[] {
  const trial = loopBody(cx, call.stx, (inner) => toBody(bindLocal(inner, name, index), call.stx, body))
  const used = new Set<Local>()
  const assigned = new Set<Local>()
  visitForms(trial.body, (each) => {
    if (each.kind === 'return') throw notInCallback(each, '`return` cannot leave the program from inside `bpf-loop`')
    if (each.kind === 'ctx' || each.kind === 'ctxLoad' || each.kind === 'ctxStore' || each.kind === 'tailCall')
      throw notInCallback(each, 'the body of `bpf-loop` has no context', 'read what it needs before the loop')
    if (each.kind === 'local') used.add(each.local)
    if (each.kind === 'set') assigned.add(each.local)
    if (each.kind === 'localAddr') assigned.add(each.local)
  })
  const found: Captured[] = []
  for (let scope: Scope | undefined = cx.scope; scope; scope = scope.parent) {
    const { meaning } = scope
    if (meaning.kind !== 'local' || found.some((each) => each.local === meaning.local)) continue
    if (!used.has(meaning.local) && !assigned.has(meaning.local)) continue
    found.push({ name: scope.name, local: meaning.local, isAssigned: assigned.has(meaning.local) })
  }
  return found
}

function notInCallback(
  origin: Form,
  message: string,
  hint = 'leave the loop with `(break)`, and test a variable behind it',
) {
  return syntaxError('unsupported', origin, message, hint)
}

/** `long body(u32 index, void *captured)`: 0 goes on, 1 ends the loop. */
function makeCallback(cx: Cx, call: Call, parts: LoopParts & { captured: readonly Captured[] }): FunctionDecl {
  const { name, index, body, captured } = parts
  const frame: Local = { name: 'captured', type: undefined, span: call.stx.span }
  const frameName = uninterned('CAPTURED')
  // Inside, each captured variable is a place in the frame.
  let scope: Scope | undefined = {
    parent: undefined,
    name: frameName,
    meaning: { kind: 'local', local: frame },
  }
  const frameScope = scope
  captured.forEach((each, i) => {
    const place: Stx = {
      ...call.stx,
      datum: list(sym('LOAD'), sym(each.local.type?.signed ? 'I64' : 'U64'), frameName, BigInt(i * SLOT)),
    }
    scope = { parent: scope, name: each.name, meaning: { kind: 'symbolMacro', stx: place, scope: frameScope } }
  })
  const inner = bindLocal({ ...cx, scope, blocks: [], siblings: [] }, name, index)
  const loop = loopBody(inner, call.stx, (within) => toBody(within, call.stx, body))
  const goOn: Form = { kind: 'return', value: constant(call.stx, 0), ...at(call.stx) }
  const end: Form = constant(call.stx, 1)
  const decl: FunctionDecl = {
    name: `${cx.program.name}_loop_${cx.module.callbacks.count++}`,
    params: [index, frame],
    pointerParams: new Map([[1, ptrTo('stack', { pointee: frameType(captured.length) })]]),
    result: i64,
    body: seq(call.stx, [loop.wrap(seq(call.stx, [loop.body, goOn])), end]),
    span: call.stx.span,
  }
  return decl
}

function frameType(count: number): ArrayType {
  return { kind: 'array', element: u64, length: Math.max(1, count) }
}

interface LoopCall {
  readonly count: Form
  readonly callback: FunctionDecl
  readonly captured: readonly Captured[]
}

/** The number of rounds that ran. */
function callLoop(call: Call, { count, callback, captured }: LoopCall): Form {
  const origin = call.stx
  const type = frameType(captured.length)
  const rounds: Local = { name: 'rounds', type: undefined, span: origin.span }
  const frame: Local = { name: 'captured', type: undefined, span: origin.span }
  const place = (i: number) => ({ ptr: localRef(origin, frame), offset: constant(origin, i * SLOT) })
  const stores = captured.map(
    ({ local }, i): Form => ({ kind: 'store', type: u64, ...place(i), value: localRef(origin, local), ...at(origin) }),
  )
  const loads = captured.flatMap(({ local, isAssigned }, i): Form[] =>
    isAssigned
      ? [{ kind: 'set', local, value: { kind: 'load', type: u64, ...place(i), ...at(origin) }, ...at(origin) }]
      : [],
  )
  const helper: Form = {
    kind: 'call',
    helper: 'loop',
    args: [
      count,
      { kind: 'functionRef', function: callback, ...at(origin) },
      localRef(origin, frame),
      constant(origin, 0),
    ],
    ...at(origin),
  }
  const size = type.length * SLOT
  const alloc: Form = {
    kind: 'alloc',
    name: 'captured',
    size,
    align: SLOT,
    zeroed: captured.length === 0,
    type,
    ...at(origin),
  }
  const inner: Form = {
    kind: 'let',
    bindings: [{ local: rounds, init: helper }],
    body: seq(origin, [...loads, localRef(origin, rounds)]),
    ...at(origin),
  }
  return {
    kind: 'let',
    bindings: [{ local: frame, init: alloc }],
    body: seq(origin, [...stores, inner]),
    ...at(origin),
  }
}

export const LOOP_FORMS: Readonly<Record<string, SpecialForm>> = {
  WHILE: form('test body...', 'The body while the test is not 0; a constant must bound the rounds.', translateWhile),
  LOOP: form(
    '[clauses...] body...',
    'while/until test, repeat n, for x from a below b by c, then do; or a plain body that `break` ends.',
    translateLoop,
  ),
  'BPF-LOOP': form('(name count) body...', 'The body for 0 .. count-1, any count; has the rounds.', translateBpfLoop),
  BREAK: form('', 'Leaves the innermost loop.', jump(BREAK)),
  CONTINUE: form('', 'Goes on with the next round.', jump(CONTINUE)),
}
