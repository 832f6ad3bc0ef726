/** The children of a form, in order of evaluation, and walks over them. */
import { assertNever } from '../diag/diagnostic.ts'
import type { Form, MapOperand } from './node.ts'

const operandForm = (operand: MapOperand): Form => (operand.kind === 'scalar' ? operand.value : operand.ptr)
const optional = (form: Form | undefined): Form[] => (form ? [form] : [])

export function childrenOf(form: Form): readonly Form[] {
  switch (form.kind) {
    case 'const':
    case 'local':
    case 'ctx':
    case 'mapRef':
    case 'globalAddr':
    case 'functionRef':
    case 'coreConst':
    case 'ctxLoad':
    case 'alloc':
    case 'localAddr':
    case 'asm':
      return []
    case 'let':
      return [...form.bindings.flatMap((b) => optional(b.init)), form.body]
    case 'set':
    case 'not':
    case 'negate':
    case 'cast':
    case 'bswap':
    case 'ctxStore':
      return [form.value]
    case 'leave':
    case 'return':
      return optional(form.value)
    case 'seq':
    case 'and':
    case 'or':
      return form.forms
    case 'if':
      return [form.test, form.then, ...optional(form.else)]
    case 'repeat':
    case 'block':
      return [form.body]
    case 'while':
      return [form.test, form.body]
    case 'binary':
    case 'compare':
      return [form.left, form.right]
    case 'load':
    case 'coreLoad':
      return [form.ptr, form.offset]
    case 'store':
    case 'coreStore':
      return [form.ptr, form.offset, form.value]
    case 'atomic':
      return [form.ptr, form.offset, ...optional(form.expected), form.value]
    case 'memset':
      return [form.ptr, form.byte]
    case 'memcpy':
      return [form.dst, form.src]
    case 'mapLookup':
    case 'mapGet':
    case 'mapDelete':
      return [...optional(form.via), operandForm(form.key)]
    case 'mapUpdate':
      return [...optional(form.via), operandForm(form.key), operandForm(form.value), form.flags]
    case 'mapAdd':
      return [...optional(form.via), operandForm(form.key), form.delta]
    case 'call':
    case 'invoke':
    case 'kfunc':
      return form.args
    case 'tailCall':
      return [form.index]
    default:
      return assertNever(form)
  }
}

/** Calls `see` for a form and everything in it, outer forms first. */
export function visitForms(form: Form, see: (form: Form) => void): void {
  see(form)
  for (const child of childrenOf(form)) visitForms(child, see)
}
