/**
 * Core forms to SSA.
 *
 *   in:  a program that typed/check accepted, and its types
 *   out: a function that ssa/verify accepts; the program's value is returned
 *
 *   (if (> (+ data 34) data-end) XDP_PASS ...)   ->   v4:ptr = add.64 v1, v3
 *                                                     br.ugt.64 v4, v2 -> b1, b2
 *
 * Packet bounds checks keep exactly this shape, because the verifier recognises only a comparison of a packet pointer
 * (plus a constant) with data_end (`find_good_pkt_pointers`, kernel/bpf/verifier.c, 6.18).
 */
import type { GlobalPlaces } from '../forms/globals.ts'
import type { FunctionDecl, MapDecl, ProgramDecl } from '../forms/module.ts'
import type { Local } from '../forms/node.ts'
import type { Typing } from '../typed/typing.ts'
import { isPointer, localType } from '../typed/typing.ts'
import { Func } from './func.ts'
import type { Variable } from './lower/builder.ts'
import { SsaBuilder } from './lower/builder.ts'
import { resultValue } from './lower/control.ts'
import { lowerEffect, lowerTest, lowerValue } from './lower/dispatch.ts'
import { bindParameters } from './lower/functions.ts'
import type { Lowering } from './lower/lowering.ts'

/** What a body refers to outside of itself. */
export interface BuildSurroundings {
  readonly globals?: GlobalPlaces | undefined
  /** Set when the body is that of a function, not of a program. */
  readonly function?: FunctionDecl | undefined
}

/** `directMaps`: see typed/direct-maps. */
export function buildFunc(
  program: ProgramDecl,
  typing: Typing,
  directMaps: ReadonlySet<MapDecl> = new Set(),
  surroundings: BuildSurroundings = {},
): Func {
  const { globals, function: decl } = surroundings
  const fn = new Func(program)
  const isPointerVariable = (variable: Variable) =>
    typing.locals.has(variable as Local) && isPointer(localType(typing, variable as Local))
  const cx: Lowering = {
    b: new SsaBuilder(fn, program.span, {
      typeOf: (variable) => (isPointerVariable(variable) ? 'ptr' : 'int'),
      contextParam: decl ? decl.contextParam : 0,
    }),
    program,
    typing,
    directMaps,
    globals: globals ?? new Map(),
    function: decl,
    exits: new Map(),
    slots: new Map(),
    value: (form) => lowerValue(cx, form),
    effect: (form) => lowerEffect(cx, form),
    branch: (form, yes, no) => lowerTest(cx, form, [yes, no]),
  }
  if (decl) bindParameters(cx, decl)
  const result = cx.value(program.body)
  cx.b.ret(resultValue(cx, result, program.body))
  cx.b.finish()
  return fn
}
