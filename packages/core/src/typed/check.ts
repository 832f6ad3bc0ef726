/**
 * User errors that need types: everything which the kernel would refuse later with a less helpful message.
 *
 *   in:  a program and its types
 *   out: diagnostics in the bag; a program without errors can be lowered
 *
 * Rules are in the sibling files, by family; kernel rules are cited there.
 */
import type { Bag } from '../diag/diagnostic.ts'
import { assertNever } from '../diag/diagnostic.ts'
import type { ProgramDecl } from '../forms/module.ts'
import type { Form } from '../forms/node.ts'
import { checkBinary, checkNumber } from './check-arith.ts'
import { checkCall, checkKfunc, checkTailCall } from './check-calls.ts'
import type { CheckContext } from './check-context.ts'
import { checkContext } from './check-context.ts'
import { checkCtxLoad, checkCtxStore } from './check-ctx.ts'
import { checkInvoke } from './check-functions.ts'
import { checkWhile } from './check-loops.ts'
import { checkMapForm } from './check-maps.ts'
import { checkAtomic, checkBlockOperation, checkCoreAccess, checkLoad, checkStore } from './check-memory.ts'
import type { Typing } from './typing.ts'
import { warnUntestedNulls } from './untested-nulls.ts'

export function checkProgram(program: ProgramDecl, typing: Typing, bag: Bag): void {
  const cx = checkContext(program, typing, bag)
  for (const form of typing.forms.keys()) checkForm(cx, form)
  warnUntestedNulls(cx)
}

function checkForm(cx: CheckContext, form: Form): void {
  switch (form.kind) {
    case 'binary':
      checkBinary(cx, form)
      break
    case 'negate':
    case 'bswap':
      checkNumber(cx, form.value, form.kind === 'negate' ? 'negated' : 'byte-swapped')
      break
    case 'coreLoad':
    case 'coreStore':
      checkCoreAccess(cx, form)
      break
    case 'load':
      checkLoad(cx, form)
      break
    case 'store':
      checkStore(cx, form)
      break
    case 'atomic':
      checkAtomic(cx, form)
      break
    case 'memset':
    case 'memcpy':
      checkBlockOperation(cx, form)
      break
    case 'ctxLoad':
      checkCtxLoad(cx, form)
      break
    case 'ctxStore':
      checkCtxStore(cx, form)
      break
    case 'mapLookup':
    case 'mapGet':
    case 'mapUpdate':
    case 'mapDelete':
    case 'mapAdd':
      checkMapForm(cx, form)
      break
    case 'call':
      checkCall(cx, form)
      break
    case 'invoke':
      checkInvoke(cx, form)
      break
    case 'while':
      checkWhile(cx, form)
      break
    case 'kfunc':
      checkKfunc(cx, form)
      break
    case 'tailCall':
      checkTailCall(cx, form)
      break
    case 'const':
    case 'coreConst':
    case 'local':
    case 'ctx':
    case 'mapRef':
    case 'globalAddr':
    case 'functionRef':
    case 'let':
    case 'set':
    case 'seq':
    case 'if':
    case 'and':
    case 'or':
    case 'not':
    case 'repeat':
    case 'block':
    case 'leave':
    case 'return':
    case 'compare':
    case 'cast':
    case 'alloc':
    case 'localAddr':
    case 'asm':
      break
    default:
      assertNever(form)
  }
}
