/**
 * `defkfunc`: a function of the kernel that programs call by name.
 *
 *   (defkfunc bpf-rcu-read-lock)                                         as the kernel's BTF declares it
 *   (defkfunc bpf-task-from-pid ((pid i32)) (ptr task-struct))           or in full, where no BTF is at hand
 *   (defkfunc bpf-task-release ((p (ptr task-struct))) void)
 *
 * Pointers are `(ptr struct)`, `(ptr u32)` or `ptr`. Only functions that the kernel marks (`__bpf_kfunc`) can be called.
 */
import type { Btf } from '../btf/reader.ts'
import { BTF_INT, type BtfType, type BtfTypeId } from '../btf/types.ts'
import type { KernelPointer, KfuncDecl } from '../forms/module.ts'
import { toKernelName, toLispName } from '../tables/names.ts'
import { bitsOfSize, type IntType } from '../types/types.ts'
import { at } from './build.ts'
import type { ModuleState } from './context.ts'
import { isCons, NIL, type Sym, sym } from './datum.ts'
import { kernelName } from './define-struct.ts'
import { checkCount } from './forms/shared.ts'
import { kernelBtf, tagged } from './kernel.ts'
import { didYouMean } from './suggest.ts'
import { listOf, quoted, type Stx, symbolOf, syntaxError } from './syntax.ts'
import { toForm } from './translate.ts'
import { scalarNamed, scalarType } from './types.ts'

/** r1 to r5. */
const MAX_PARAMS = 5
const USAGE = 'usage: (defkfunc name) or (defkfunc name ((parameter type)...) type)'
const PTR = sym('PTR')
const VOID = sym('VOID')
/** Decl tag of functions that programs may call, written by pahole. */
const KFUNC_TAG = 'bpf_kfunc'

type Signature = Pick<KfuncDecl, 'params' | 'result'>
type CheckName = (module: ModuleState, stx: Stx, what: string) => Sym

export function defineKfunc(module: ModuleState, stx: Stx, args: readonly Stx[], checkName: CheckName): void {
  const [nameStx, paramsStx, resultStx, ...extra] = args
  if (!nameStx || (paramsStx && !resultStx) || extra.length > 0)
    throw syntaxError('wrong-argument-count', stx, '`defkfunc` needs a name, or a name, parameters and a type', USAGE)
  const symbol = checkName(module, nameStx, 'kernel function')
  const name = kernelName(nameStx, symbol, 'kernel function')
  if (module.kfuncs.has(name) || module.functions.has(name))
    throw syntaxError('duplicate-name', nameStx, `there are two functions named ${quoted(nameStx)}`)
  const signature =
    paramsStx && resultStx
      ? { params: parseParameters(paramsStx), result: isVoid(resultStx) ? undefined : parseType(resultStx) }
      : kernelSignature(module, nameStx, name)
  const decl: KfuncDecl = { name, ...signature, span: nameStx.span }
  module.kfuncs.set(name, decl)
  const arglist = decl.params.map((param) => toLispName(param.name)).join(' ')
  module.generated.set(symbol, {
    args: arglist,
    doc: `Calls the kernel's function ${name}.`,
    span: nameStx.span,
    translate: (cx, call) => {
      checkCount(call, arglist, [decl.params.length, decl.params.length])
      const forms = call.args.map((arg) => toForm(cx, arg))
      const { result } = decl
      const struct = result?.kind === 'kernelPointer' && typeof result.to === 'string' ? result.to : undefined
      return tagged({ kind: 'kfunc', kfunc: decl, args: forms, ...at(call.stx) }, struct)
    },
  })
}

// --- as written

function parseParameters(stx: Stx): Signature['params'] {
  if (!isCons(stx.datum) && stx.datum !== NIL)
    throw syntaxError('bad-syntax', stx, `expected a list of parameters, got ${quoted(stx)}`, USAGE)
  const params = listOf(stx, 'parameters').map((param) => {
    const [nameStx, typeStx, ...extra] = isCons(param.datum) ? listOf(param, 'a parameter (name type)') : []
    if (!nameStx || !typeStx || extra.length > 0)
      throw syntaxError('bad-syntax', param, `expected a parameter (name type), got ${quoted(param)}`, USAGE)
    return { name: toKernelName(symbolOf(nameStx, 'a parameter name').name), type: parseType(typeStx) }
  })
  if (params.length > MAX_PARAMS)
    throw syntaxError('wrong-argument-count', stx, `a BPF function takes at most ${MAX_PARAMS} arguments`)
  return params
}

const isVoid = (stx: Stx): boolean => stx.datum === VOID

function parseType(stx: Stx): IntType | KernelPointer {
  if (stx.datum === PTR) return { kind: 'kernelPointer' }
  if (!isCons(stx.datum)) return scalarType(stx)
  const [head, toStx, ...extra] = listOf(stx, 'a type')
  if (head?.datum !== PTR || !toStx || extra.length > 0)
    throw syntaxError('bad-type', stx, `expected a type, got ${quoted(stx)}`, 'a pointer is `(ptr task-struct)`')
  const name = symbolOf(toStx, 'the name of a struct').name
  return { kind: 'kernelPointer', to: scalarNamed(name) ?? toKernelName(name) }
}

// --- as the kernel says

function kernelSignature(module: ModuleState, stx: Stx, name: string): Signature {
  const btf = kernelBtf(module, stx, '`defkfunc` without parameters')
  const func = btf.find('func', name)
  const names = kfuncNames(btf)
  if (!func || (names.size > 0 && !names.has(name)))
    throw syntaxError(
      'unknown-form',
      stx,
      func ? `the kernel does not let programs call ${quoted(stx)}` : `the kernel has no function named ${quoted(stx)}`,
      didYouMean(toLispName(name), [...names].map(toLispName)),
    )
  const proto = btf.type(func.type)
  if (proto.kind !== 'funcProto' || proto.params.length > MAX_PARAMS) return notDescribable(stx)
  return {
    params: proto.params.map((param, i) => ({ name: param.name || `arg${i}`, type: typeFrom(btf, param.type, stx) })),
    result: btf.resolveId(proto.returnType) === 0 ? undefined : typeFrom(btf, proto.returnType, stx),
  }
}

/** Names of the functions that are marked; none in kernels before 6.11 or with an old pahole. */
function kfuncNames(btf: Btf): ReadonlySet<string> {
  const tags = btf.idsOf('declTag').filter((id) => btf.nameOf(id) === KFUNC_TAG)
  return new Set(
    tags.flatMap((id) => {
      const tag = btf.type(id)
      return tag.kind === 'declTag' ? [btf.nameOf(tag.type)] : []
    }),
  )
}

function typeFrom(btf: Btf, id: BtfTypeId, stx: Stx): IntType | KernelPointer {
  const type = btf.resolve(id)
  if (type.kind !== 'ptr') return intFrom(type) ?? notDescribable(stx)
  const target = btf.resolve(type.type)
  if ((target.kind === 'struct' || target.kind === 'union') && target.name !== '')
    return { kind: 'kernelPointer', to: target.name }
  return { kind: 'kernelPointer', to: intFrom(target) }
}

function intFrom(type: BtfType): IntType | undefined {
  if (type.kind !== 'int' && type.kind !== 'enum' && type.kind !== 'enum64') return undefined
  const bits = bitsOfSize(type.size)
  const signed = type.kind === 'int' ? (type.encoding & BTF_INT.signed) !== 0 : type.signed
  return bits && { kind: 'int', bits, signed }
}

function notDescribable(stx: Stx): never {
  throw syntaxError('unsupported', stx, `${quoted(stx)} has parameters that programs cannot pass`)
}
