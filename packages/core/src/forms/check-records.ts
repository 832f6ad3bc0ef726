/**
 * Every record that a program reserves must be submitted or discarded exactly once on every path (the kernel refuses a
 * program that still holds a reference at exit: check_reference_leak, kernel/bpf/verifier.c 6.18). Checked here, where
 * the message can name the variable and the `return`.
 *
 *   in:  the body of one program, the language of the hints
 *   out: `ringbuf-leak` errors
 *
 * A path-sensitive walk: the state says for each reserved local whether it may be held or may be released. A test of
 * the local itself splits the state: where it is 0, nothing is held.
 */
import type { Bag } from '../diag/diagnostic.ts'
import type { Form, FormOf, Label, Local } from './node.ts'
import { trailNotes } from './trail.ts'
import { childrenOf } from './visit.ts'

/** What may be true of a record at this point; all false: it was null. */
interface Held {
  readonly live: boolean
  readonly released: boolean
}

/** Records by local; undefined: this point is never reached. */
type State = ReadonlyMap<Local, Held> | undefined

/** How the front end's language says it. */
export interface RecordWording {
  readonly release: (name: string) => string
  readonly twice: string
}

interface Walk {
  readonly bag: Bag
  readonly wording: RecordWording
  readonly leaves: Map<Label, State>
}

const LIVE: Held = { live: true, released: false }
const RELEASED: Held = { live: false, released: true }
const NOTHING: Held = { live: false, released: false }

export function checkRecords(body: Form, bag: Bag, wording: RecordWording): void {
  const end = walk(body, new Map(), { bag, wording, leaves: new Map() })
  if (end) reportLive(end, body, { bag, wording, leaves: new Map() })
}

function join(a: State, b: State): State {
  if (!a || !b) return a ?? b
  const result = new Map(a)
  for (const [local, held] of b) {
    const other = result.get(local)
    result.set(local, other ? { live: other.live || held.live, released: other.released || held.released } : held)
  }
  return result
}

function reportLive(state: NonNullable<State>, at: Form, { bag, wording }: Walk, only?: ReadonlySet<Local>): void {
  for (const [local, held] of state) {
    if (!held.live || (only && !only.has(local))) continue
    const where = at.kind === 'return' ? 'this `return` leaves' : 'the end of this form leaves'
    bag.error(
      'ringbuf-leak',
      at.span,
      `${where} the reserved record \`${local.name}\` neither submitted nor discarded`,
      {
        hint: wording.release(local.name),
        notes: [{ message: 'reserved here', span: local.span }, ...trailNotes(at.trail)],
      },
    )
  }
}

function walk(form: Form, state: State, cx: Walk): State {
  if (!state) return undefined
  switch (form.kind) {
    case 'let':
      return walkLet(form, state, cx)
    case 'if':
      return walkIf(form, state, cx)
    case 'and':
    case 'or':
      return walkLogic(form, state, cx)
    case 'repeat': {
      // A second round finds what the first left behind: a record reserved outside and released inside.
      const once = walk(form.body, state, cx)
      return join(state, once && walk(form.body, once, cx))
    }
    case 'while': {
      const tested = walk(form.test, state, cx)
      const once = walk(form.body, tested, cx)
      return join(tested, once && walk(form.body, walk(form.test, once, cx), cx))
    }
    case 'block': {
      const end = walk(form.body, state, cx)
      return join(end, cx.leaves.get(form.label))
    }
    case 'leave': {
      const end = form.value ? walk(form.value, state, cx) : state
      cx.leaves.set(form.label, join(cx.leaves.get(form.label), end))
      return undefined
    }
    case 'return': {
      const end = form.value ? walk(form.value, state, cx) : state
      if (end) reportLive(end, form, cx)
      return undefined
    }
    case 'call':
      return walkCall(form, state, cx)
    default:
      return childrenOf(form).reduce<State>((s, child) => walk(child, s, cx), state)
  }
}

function isReserve(form: Form | undefined): boolean {
  return form?.kind === 'call' && form.helper === 'ringbuf_reserve'
}

function walkLet(form: FormOf<'let'>, start: State, cx: Walk): State {
  let state = start
  const reserved = new Set<Local>()
  for (const { local, init } of form.bindings) {
    if (init) state = walk(init, state, cx)
    if (state && isReserve(init)) {
      state = new Map(state).set(local, LIVE)
      reserved.add(local)
    }
  }
  const end = walk(form.body, state, cx)
  if (!end || reserved.size === 0) return end
  reportLive(end, form, cx, reserved)
  // Nothing outside can name the record any more.
  const rest = new Map(end)
  for (const local of reserved) rest.delete(local)
  return rest
}

/** The states in which a test holds and in which it does not. */
function split(test: Form, state: State, cx: Walk): { yes: State; no: State } {
  if (!state) return { yes: undefined, no: undefined }
  const tested = nullTest(test)
  if (tested && state.has(tested.local)) {
    const held = state.get(tested.local)!
    const isNull: State = held.live || held.released ? new Map(state).set(tested.local, NOTHING) : state
    const isSet: State = held.live || held.released ? state : undefined
    return tested.whenSet ? { yes: isSet, no: isNull } : { yes: isNull, no: isSet }
  }
  if (test.kind === 'not') {
    const { yes, no } = split(test.value, state, cx)
    return { yes: no, no: yes }
  }
  if (test.kind === 'and') {
    let yes: State = state
    let no: State
    for (const part of test.forms) {
      const both = split(part, yes, cx)
      yes = both.yes
      no = join(no, both.no)
    }
    return { yes, no }
  }
  const after = walk(test, state, cx)
  return { yes: after, no: after }
}

/** `x`, `(/= x 0)` and `(= x 0)` of a local. */
function nullTest(test: Form): { local: Local; whenSet: boolean } | undefined {
  if (test.kind === 'local') return { local: test.local, whenSet: true }
  if (test.kind !== 'compare' || (test.pred !== 'eq' && test.pred !== 'ne')) return undefined
  if (test.left.kind !== 'local' || test.right.kind !== 'const' || test.right.value !== 0n) return undefined
  return { local: test.left.local, whenSet: test.pred === 'ne' }
}

function walkIf(form: FormOf<'if'>, state: State, cx: Walk): State {
  const { yes, no } = split(form.test, state, cx)
  return join(walk(form.then, yes, cx), form.else ? walk(form.else, no, cx) : no)
}

function walkLogic(form: FormOf<'and' | 'or'>, start: State, cx: Walk): State {
  let state = start
  let out: State
  for (const [i, part] of form.forms.entries()) {
    if (i === form.forms.length - 1) return join(out, walk(part, state, cx))
    const { yes, no } = split(part, state, cx)
    state = form.kind === 'and' ? yes : no
    out = join(out, form.kind === 'and' ? no : yes)
  }
  return join(out, state)
}

function walkCall(form: FormOf<'call'>, start: State, cx: Walk): State {
  const state = form.args.reduce<State>((s, child) => walk(child, s, cx), start)
  const released = form.helper === 'ringbuf_submit' || form.helper === 'ringbuf_discard'
  const record = form.args[0]
  if (!state || !released || record?.kind !== 'local') return state
  const held = state.get(record.local)
  if (held?.released) {
    cx.bag.error(
      'ringbuf-leak',
      form.span,
      `the record \`${record.local.name}\` is submitted or discarded twice on some path`,
      {
        hint: cx.wording.twice,
        notes: [{ message: 'reserved here', span: record.local.span }, ...trailNotes(form.trail)],
      },
    )
  }
  return held ? new Map(state).set(record.local, RELEASED) : state
}
