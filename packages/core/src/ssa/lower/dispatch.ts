/** One case per core form: the table of contents of lowering. */
import { assertNever } from '../../diag/diagnostic.ts'
import type { Form } from '../../forms/node.ts'
import type { Block, Inst } from '../inst.ts'
import { lowerBranch } from './branch.ts'
import {
  andValue,
  ifEffect,
  ifValue,
  lowerBlock,
  lowerLeave,
  lowerRepeat,
  lowerReturn,
  lowerSeq,
  lowerWhile,
  orValue,
  shortCircuitEffect,
} from './control.ts'
import { lowerCtxLoad, lowerCtxStore } from './ctx.ts'
import { lowerBinary, lowerBswap, lowerCast, lowerCompare, lowerNegate, lowerNot } from './expr.ts'
import { lowerInvoke, lowerKfunc } from './functions.ts'
import { lowerAsm, lowerCall, lowerTailCall } from './helpers.ts'
import { addressOfLocal, bindLocals, lowerSet, readLocal } from './locals.ts'
import type { Lowering } from './lowering.ts'
import { lowerMapAdd, lowerMapDelete, lowerMapGet, lowerMapLookup, lowerMapUpdate } from './maps.ts'
import {
  lowerAlloc,
  lowerAtomic,
  lowerCoreLoad,
  lowerCoreStore,
  lowerGlobal,
  lowerLoad,
  lowerMemcpy,
  lowerMemset,
  lowerStore,
} from './memory.ts'

export function lowerValue(cx: Lowering, form: Form): Inst {
  const outer = cx.b.span
  cx.b.span = form.span
  const value = lowerForm(cx, form)
  cx.b.span = outer
  return value
}

/** Forms whose value would cost code have a variant without it; the rest of the values is dropped as unused. */
export function lowerEffect(cx: Lowering, form: Form): void {
  const outer = cx.b.span
  cx.b.span = form.span
  switch (form.kind) {
    case 'if':
      ifEffect(cx, form)
      break
    case 'and':
    case 'or':
      shortCircuitEffect(cx, form)
      break
    case 'not':
      cx.effect(form.value)
      break
    case 'seq':
      for (const child of form.forms) cx.effect(child)
      break
    case 'let':
      bindLocals(cx, form)
      cx.effect(form.body)
      break
    default:
      lowerForm(cx, form)
  }
  cx.b.span = outer
}

export function lowerTest(cx: Lowering, form: Form, [yes, no]: readonly [Block, Block]): void {
  const outer = cx.b.span
  cx.b.span = form.span
  lowerBranch(cx, form, yes, no)
  cx.b.span = outer
}

function lowerForm(cx: Lowering, form: Form): Inst {
  switch (form.kind) {
    case 'const':
      return cx.b.constant(form.value)
    case 'coreConst':
      return cx.b.emit('coreConst', { query: form.query, value: form.value })
    case 'local':
      return readLocal(cx, form.local)
    case 'ctx':
      return cx.b.ctx
    case 'mapRef':
      return cx.b.emit('mapRef', { map: form.map })
    case 'globalAddr':
      return lowerGlobal(cx, form)
    case 'functionRef':
      return cx.b.emit('funcRef', { function: form.function })
    case 'let':
      bindLocals(cx, form)
      return cx.value(form.body)
    case 'set':
      return lowerSet(cx, form)
    case 'seq':
      return lowerSeq(cx, form)
    case 'if':
      return ifValue(cx, form)
    case 'and':
      return andValue(cx, form)
    case 'or':
      return orValue(cx, form)
    case 'repeat':
      lowerRepeat(cx, form)
      return cx.b.constant(0)
    case 'while':
      lowerWhile(cx, form)
      return cx.b.constant(0)
    case 'block':
      return lowerBlock(cx, form)
    case 'leave':
      return lowerLeave(cx, form)
    case 'return':
      return lowerReturn(cx, form)
    case 'not':
      return lowerNot(cx, form)
    case 'binary':
      return lowerBinary(cx, form)
    case 'negate':
      return lowerNegate(cx, form)
    case 'compare':
      return lowerCompare(cx, form)
    case 'cast':
      return lowerCast(cx, form)
    case 'bswap':
      return lowerBswap(cx, form)
    case 'ctxLoad':
      return lowerCtxLoad(cx, form)
    case 'ctxStore':
      return lowerCtxStore(cx, form)
    case 'localAddr':
      return addressOfLocal(cx, form.local)
    case 'call':
      return lowerCall(cx, form)
    case 'invoke':
      return lowerInvoke(cx, form)
    case 'kfunc':
      return lowerKfunc(cx, form)
    case 'tailCall':
      return lowerTailCall(cx, form)
    case 'asm':
      return lowerAsm(cx, form)
    default:
      return lowerAccess(cx, form)
  }
}

type AccessForm = Extract<
  Form,
  {
    kind:
      | 'load'
      | 'store'
      | 'coreLoad'
      | 'coreStore'
      | 'alloc'
      | 'atomic'
      | 'memset'
      | 'memcpy'
      | `map${'Lookup' | 'Get' | 'Update' | 'Delete' | 'Add'}`
  }
>

function lowerAccess(cx: Lowering, form: AccessForm): Inst {
  switch (form.kind) {
    case 'load':
      return lowerLoad(cx, form)
    case 'store':
      return lowerStore(cx, form)
    case 'coreLoad':
      return lowerCoreLoad(cx, form)
    case 'coreStore':
      return lowerCoreStore(cx, form)
    case 'alloc':
      return lowerAlloc(cx, form)
    case 'atomic':
      return lowerAtomic(cx, form)
    case 'memset':
      return lowerMemset(cx, form)
    case 'memcpy':
      return lowerMemcpy(cx, form)
    case 'mapLookup':
      return lowerMapLookup(cx, form)
    case 'mapGet':
      return lowerMapGet(cx, form)
    case 'mapUpdate':
      return lowerMapUpdate(cx, form)
    case 'mapDelete':
      return lowerMapDelete(cx, form)
    case 'mapAdd':
      return lowerMapAdd(cx, form)
    default:
      return assertNever(form)
  }
}
