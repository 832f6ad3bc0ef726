/**
 * Functions of a module: which ones programs reach, what their parameters are, and their types.
 *
 *   in:  a module, and the types of its programs
 *   out: one unit per reached function, callers before the functions that they call; recursion is an error
 *
 * A function is checked as part of every kind of program that reaches it, since program type and licence decide which
 * helpers, context fields and packet bytes it may use. Its code is the same for all of them, so it is lowered once.
 */
import type { Bag } from '../diag/diagnostic.ts'
import type { FunctionDecl, ProgramDecl } from '../forms/module.ts'
import type { Form, Local } from '../forms/node.ts'
import { visitForms } from '../forms/visit.ts'
import type { ValueType } from '../types/types.ts'
import { ptrTo, VOID } from '../types/types.ts'
import { checkProgram } from './check.ts'
import { inferTypes } from './infer.ts'
import { joinTypes } from './join.ts'
import type { Typing } from './typing.ts'
import { localType, typeOf } from './typing.ts'

export interface FunctionUnit {
  readonly decl: FunctionDecl
  /** The function as part of the first program that reaches it. */
  readonly program: ProgramDecl
  readonly typing: Typing
}

/** Functions that a body refers to, by call or as a callback, in the order of appearance. */
export function functionsIn(body: Form): readonly FunctionDecl[] {
  const found = new Set<FunctionDecl>()
  visitForms(body, (form) => {
    if (form.kind === 'invoke' || form.kind === 'functionRef') found.add(form.function)
  })
  return [...found]
}

/** Infers and checks every function that the programs reach. */
export function checkFunctions(programs: ReadonlyMap<ProgramDecl, Typing>, bag: Bag): FunctionUnit[] {
  const order = reachedFunctions(programs.keys(), bag)
  const typings: Typing[] = [...programs.values()]
  const units: FunctionUnit[] = []
  for (const decl of order) {
    const params = parameterTypes(decl, typings)
    const environments = distinct([...programs.keys()].filter((program) => reaches(program.body, decl)))
    for (const [i, environment] of environments.entries()) {
      const program = { ...environment, name: decl.name, body: decl.body, span: decl.span }
      const typing = inferTypes(program, bag, params)
      checkProgram(program, typing, bag)
      checkContextUse(decl, typing, bag)
      if (i > 0) continue
      typings.push(typing)
      units.push({ decl, program, typing })
    }
  }
  return units
}

/** Callers first. A function that is reached from itself is reported and left out. */
function reachedFunctions(programs: Iterable<ProgramDecl>, bag: Bag): FunctionDecl[] {
  const done = new Set<FunctionDecl>()
  const path: FunctionDecl[] = []
  const order: FunctionDecl[] = []
  const walk = (body: Form): void => {
    for (const fn of functionsIn(body)) {
      if (path.includes(fn)) {
        const names = [...path.slice(path.indexOf(fn)), fn].map((each) => each.name).join(' -> ')
        bag.error('recursive-call', fn.span, `\`${fn.name}\` calls itself: ${names}`, {
          hint: 'BPF has no recursion: use a bounded loop',
        })
        continue
      }
      if (done.has(fn)) continue
      path.push(fn)
      walk(fn.body)
      path.pop()
      done.add(fn)
      order.push(fn)
    }
  }
  for (const program of programs) walk(program.body)
  return order.reverse()
}

function reaches(body: Form, target: FunctionDecl): boolean {
  const seen = new Set<FunctionDecl>(functionsIn(body))
  for (const fn of seen) for (const next of functionsIn(fn.body)) seen.add(next)
  return seen.has(target)
}

/** Programs of one type, attach type and licence are checked alike. */
function distinct(programs: readonly ProgramDecl[]): ProgramDecl[] {
  return programs.filter(
    (program, i) =>
      programs.findIndex(
        (other) =>
          other.type === program.type && other.attachType === program.attachType && other.license === program.license,
      ) === i,
  )
}

function parameterTypes(decl: FunctionDecl, callers: readonly Typing[]): Map<Local, ValueType> {
  const types = new Map<Local, ValueType>()
  for (const local of decl.captures ?? []) {
    const typing = callers.find(({ locals }) => locals.has(local))
    if (typing) types.set(local, localType(typing, local))
  }
  for (const [i, param] of decl.params.entries()) {
    if (i === decl.contextParam) types.set(param, ptrTo('ctx'))
    else types.set(param, decl.pointerParams?.get(i) ?? param.type ?? passedType(decl, i, callers))
  }
  return types
}

/** What the calls pass as argument `index`; a number when there are none. */
function passedType(decl: FunctionDecl, index: number, callers: readonly Typing[]): ValueType {
  let type: ValueType = VOID
  for (const typing of callers) {
    for (const form of typing.forms.keys()) {
      const arg = form.kind === 'invoke' && form.function === decl ? form.args[index] : undefined
      if (arg) type = joinTypes(type, typeOf(typing, arg))
    }
  }
  return type
}

/** Only a parameter gives a function the context. */
function checkContextUse(decl: FunctionDecl, typing: Typing, bag: Bag): void {
  if (decl.contextParam !== undefined || decl.contextSlot) return
  for (const form of typing.forms.keys()) {
    if (form.kind !== 'ctx' && form.kind !== 'ctxLoad' && form.kind !== 'ctxStore' && form.kind !== 'tailCall') continue
    bag.error('pointer-misuse', form.span, `the function \`${decl.name}\` has no context`, {
      hint: 'give it a parameter of type ctx, and pass (ctx-ptr)',
    })
  }
}
