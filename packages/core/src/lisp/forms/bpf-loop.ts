/**
 * `(bpf-loop (i n) body...)`: any number of rounds, through the helper `bpf_loop` (5.17), which calls the body back.
 *
 * The callback has a stack frame of its own. Variables of the program that the body uses travel in an array on the
 * program's stack: stored before the loop, loaded at the start of each round, stored again at its end when the body
 * assigns them, and read back after the loop. Pointers and the context travel the same way, since the verifier follows
 * them through stack memory. `return` leaves the loop with a mark and its value in the array.
 *
 *   captured:  [variable 0] ... [context] [has returned] [value]      8 bytes each, the last three only when needed
 */
import type { FunctionDecl } from '../../forms/module.ts'
import type { Form, Label, Local } from '../../forms/node.ts'
import { visitForms } from '../../forms/visit.ts'
import type { ArrayType, IntType } from '../../types/types.ts'
import { i64, ptrTo, u32, u64 } from '../../types/types.ts'
import { at, conditional, constant, localRef, type Origin, seq } from '../build.ts'
import { bindLocal, type Call, type Cx, type Scope, type SpecialForm } from '../context.ts'
import type { Sym } from '../datum.ts'
import { noteBinding } from '../pointers.ts'
import { printDatum } from '../print.ts'
import { listOf, type Stx, symbolOf, syntaxError } from '../syntax.ts'
import { toBody, toForm } from '../translate.ts'
import { checkBindable } from './binding.ts'
import { loopBody } from './loops.ts'
import { form } from './shared.ts'

/** Bytes of one captured variable. */
const SLOT = 8
/** BPF_MAX_LOOPS, include/linux/bpf.h (6.18). */
const MAX_LOOPS = 8n * 1024n * 1024n

interface LoopParts {
  readonly name: Sym
  readonly index: Local
  readonly body: readonly Stx[]
}

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
  const parts: LoopParts = { name, index, body: call.args.slice(1) }
  const frame = planFrame(cx, call, parts)
  return callLoop(cx, call, { count, frame, callback: makeCallback(cx, call, parts, frame) })
}

// --- what travels

interface Captured {
  readonly name: Sym
  readonly local: Local
  readonly isAssigned: boolean
}

interface Frame {
  readonly captured: readonly Captured[]
  /** Offsets in bytes; absent: not needed. */
  readonly context: number | undefined
  /** The mark; the value is behind it. */
  readonly returned: number | undefined
  readonly type: ArrayType
}

/** Translates the body once only to see what it uses. */
function planFrame(cx: Cx, call: Call, { name, index, body }: LoopParts): Frame {
  let returns = false
  const onReturn = (_: Stx, value: Form): Form => {
    returns = true
    return value
  }
  const trial = loopBody(cx, call.stx, (inner) =>
    toBody({ ...bindLocal(inner, name, index), onReturn }, call.stx, body),
  )
  const used = new Set<Local>()
  const assigned = new Set<Local>()
  let usesContext = false
  visitForms(trial.body, (each) => {
    if (each.kind === 'tailCall')
      throw syntaxError('unsupported', each, 'a callback cannot make tail calls', 'leave the loop first')
    if (each.kind === 'ctx' || each.kind === 'ctxLoad' || each.kind === 'ctxStore') usesContext = true
    if (each.kind === 'local') used.add(each.local)
    if (each.kind === 'set' || each.kind === 'localAddr') assigned.add(each.local)
  })
  const captured: Captured[] = []
  for (let scope: Scope | undefined = cx.scope; scope; scope = scope.parent) {
    const { meaning } = scope
    if (meaning.kind !== 'local' || captured.some((each) => each.local === meaning.local)) continue
    if (!used.has(meaning.local) && !assigned.has(meaning.local)) continue
    captured.push({ name: scope.name, local: meaning.local, isAssigned: assigned.has(meaning.local) })
  }
  const afterVariables = captured.length
  const afterContext = afterVariables + (usesContext ? 1 : 0)
  const length = afterContext + (returns ? 2 : 0)
  return {
    captured,
    context: usesContext ? afterVariables * SLOT : undefined,
    returned: returns ? afterContext * SLOT : undefined,
    type: { kind: 'array', element: u64, length: Math.max(1, length) },
  }
}

const slotType = ({ type }: Local): IntType => (type?.signed ? i64 : u64)

interface Place {
  readonly ptr: Form
  readonly offset: number
}

function storeSlot(origin: Origin, { ptr, offset }: Place, value: Form): Form {
  return { kind: 'store', type: u64, ptr, offset: constant(origin, offset), value, ...at(origin) }
}

/** What `as` held when it was stored. */
function loadSlot(origin: Origin, { ptr, offset }: Place, as?: Local): Form {
  const type = as ? slotType(as) : u64
  return { kind: 'load', type, ptr, offset: constant(origin, offset), ...(as && { as }), ...at(origin) }
}

// --- the body

/** `long body(u32 index, void *captured)`: 0 goes on, 1 ends the loop. */
function makeCallback(cx: Cx, call: Call, { name, index, body }: LoopParts, frame: Frame): FunctionDecl {
  const origin = call.stx
  const pointer: Local = { name: 'captured', type: undefined, span: origin.span }
  const ptr = localRef(origin, pointer)
  const leave: Label = { name: 'return' }
  // Where the variables of the program live during a round.
  const copies = frame.captured.map(({ name: symbol, local, isAssigned }, i) => {
    const copy: Local = { name: local.name, type: local.type, span: local.span }
    noteBinding(copy, localRef(origin, local))
    return { symbol, local, isAssigned, copy, place: { ptr, offset: i * SLOT } }
  })
  let inner: Cx = { ...cx, scope: undefined, blocks: [], siblings: [] }
  for (const { symbol, copy } of copies) inner = bindLocal(inner, symbol, copy)
  inner = bindLocal(inner, name, index)
  const { returned } = frame
  if (returned !== undefined)
    inner = {
      ...inner,
      onReturn: (stx, value) =>
        seq(stx, [
          storeSlot(stx, { ptr, offset: returned + SLOT }, value),
          storeSlot(stx, { ptr, offset: returned }, constant(stx, 1)),
          { kind: 'leave', label: leave, ...at(stx) },
        ]),
    }
  const loop = loopBody(inner, origin, (within) => toBody(within, origin, body))
  const keep = copies.flatMap(({ isAssigned, copy, place }) =>
    isAssigned ? [storeSlot(origin, place, localRef(origin, copy))] : [],
  )
  const goOn: Form = { kind: 'return', value: constant(origin, 0), ...at(origin) }
  const rounds = loop.wrap(seq(origin, [loop.body, ...keep, goOn]))
  const whole: Form = returned === undefined ? rounds : { kind: 'block', label: leave, body: rounds, ...at(origin) }
  return {
    name: `${cx.program.name}_loop_${cx.module.callbacks.count++}`,
    params: [index, pointer],
    pointerParams: new Map([[1, ptrTo('stack', { pointee: frame.type })]]),
    ...(frame.context !== undefined && { contextSlot: { param: 1, offset: frame.context } }),
    captures: frame.captured.map(({ local }) => local),
    result: i64,
    body: bind(
      origin,
      copies.map(({ copy, local, place }) => ({ local: copy, init: loadSlot(origin, place, local) })),
      seq(origin, [whole, ...keep, constant(origin, 1)]),
    ),
    span: origin.span,
  }
}

function bind(origin: Origin, bindings: readonly { local: Local; init: Form }[], body: Form): Form {
  return bindings.length === 0 ? body : { kind: 'let', bindings, body, ...at(origin) }
}

// --- the call

interface LoopCall {
  readonly count: Form
  readonly callback: FunctionDecl
  readonly frame: Frame
}

/** The number of rounds that ran. */
function callLoop(cx: Cx, call: Call, { count, callback, frame }: LoopCall): Form {
  const origin = call.stx
  const { captured, context, returned, type } = frame
  const rounds: Local = { name: 'rounds', type: undefined, span: origin.span }
  const array: Local = { name: 'captured', type: undefined, span: origin.span }
  const ptr = localRef(origin, array)
  const stores = captured.map(({ local }, i) => storeSlot(origin, { ptr, offset: i * SLOT }, localRef(origin, local)))
  if (context !== undefined) stores.push(storeSlot(origin, { ptr, offset: context }, { kind: 'ctx', ...at(origin) }))
  if (returned !== undefined) {
    stores.push(storeSlot(origin, { ptr, offset: returned }, constant(origin, 0)))
    stores.push(storeSlot(origin, { ptr, offset: returned + SLOT }, constant(origin, 0)))
  }
  const loads = captured.flatMap(({ local, isAssigned }, i): Form[] =>
    isAssigned
      ? [{ kind: 'set', local, value: loadSlot(origin, { ptr, offset: i * SLOT }, local), ...at(origin) }]
      : [],
  )
  if (returned !== undefined) loads.push(passOn(cx, call, { ptr, offset: returned }))
  const helper: Form = {
    kind: 'call',
    helper: 'loop',
    args: [count, { kind: 'functionRef', function: callback, ...at(origin) }, ptr, constant(origin, 0)],
    ...at(origin),
  }
  const size = type.length * SLOT
  const zeroed = stores.length === 0
  const alloc: Form = { kind: 'alloc', name: 'captured', size, align: SLOT, zeroed, type, ...at(origin) }
  const after = bind(origin, [{ local: rounds, init: helper }], seq(origin, [...loads, localRef(origin, rounds)]))
  return bind(origin, [{ local: array, init: alloc }], seq(origin, [...stores, after]))
}

/** When the body returned, so does what is around the loop, which may be the body of another one. */
function passOn(cx: Cx, { stx }: Call, mark: Place): Form {
  const value = loadSlot(stx, { ...mark, offset: mark.offset + SLOT })
  const leave: Form = cx.onReturn ? cx.onReturn(stx, value) : { kind: 'return', value, ...at(stx) }
  return conditional(stx, loadSlot(stx, mark), leave)
}

export const BPF_LOOP_FORMS: Readonly<Record<string, SpecialForm>> = {
  'BPF-LOOP': form('(name count) body...', 'The body for 0 .. count-1, any count; has the rounds.', translateBpfLoop),
}
