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
import type { MapDecl, ProgramDecl } from '../forms/module.ts'
import type { Local } from '../forms/node.ts'
import type { Typing } from '../typed/typing.ts'
import { isPointer, localType } from '../typed/typing.ts'
import { Func } from './func.ts'
import type { Variable } from './lower/builder.ts'
import { SsaBuilder } from './lower/builder.ts'
import { lowerEffect, lowerTest, lowerValue } from './lower/dispatch.ts'
import type { Lowering } from './lower/lowering.ts'

/** `directMaps`: see typed/direct-maps. */
export function buildFunc(program: ProgramDecl, typing: Typing, directMaps: ReadonlySet<MapDecl> = new Set()): Func {
  const fn = new Func(program)
  const isPointerVariable = (variable: Variable) =>
    typing.locals.has(variable as Local) && isPointer(localType(typing, variable as Local))
  const cx: Lowering = {
    b: new SsaBuilder(fn, program.span, (variable) => (isPointerVariable(variable) ? 'ptr' : 'int')),
    program,
    typing,
    directMaps,
    exits: new Map(),
    slots: new Map(),
    value: (form) => lowerValue(cx, form),
    effect: (form) => lowerEffect(cx, form),
    branch: (form, yes, no) => lowerTest(cx, form, [yes, no]),
  }
  const result = cx.value(program.body)
  cx.b.ret(result)
  cx.b.finish()
  return fn
}
