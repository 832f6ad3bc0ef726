/**
 * `(arg name)`: an argument of what a program is attached to, with the type that the kernel's BTF gives it.
 *
 *   fentry, fexit, fmod_ret   parameters of the function; (arg :return) its result, not in fentry
 *   lsm                       parameters of the hook; (arg :return) what an earlier program decided
 *   tp_btf, raw_tp            parameters of the tracepoint
 *   iter                      what the iterator goes over (`meta`, `task`, ...)
 *   kprobe, kretprobe         parameters of the function, out of its registers; (arg :return) its result
 *
 * By number, `(arg 0)`, no BTF is needed, but then a pointer is only a number.
 */
import type { KernelFunction, KernelParam } from '../../btf/kernel-types.ts'
import { findFunction, findTracepoint, scalarOf } from '../../btf/kernel-types.ts'
import type { Form } from '../../forms/node.ts'
import { toKernelName, toLispName } from '../../tables/names.ts'
import { ptRegs } from '../../tables/pt-regs.ts'
import { matchSection } from '../../tables/sections.ts'
import { type IntType, u64 } from '../../types/types.ts'
import { at, cast } from '../build.ts'
import type { Call, Cx, SpecialForm } from '../context.ts'
import { isSym } from '../datum.ts'
import { pointee } from '../import-kernel-struct.ts'
import { kernelBtf, tagged } from '../kernel.ts'
import { didYouMean } from '../suggest.ts'
import { quoted, type Stx, symbolOf, syntaxError, withArticle } from '../syntax.ts'
import { constantSize } from '../translate.ts'
import { form } from './shared.ts'

/** Where a program's arguments are. */
interface Hook {
  readonly places: 'words' | 'registers'
  /** What the kernel calls it in BTF; absent when the section names no target. */
  readonly function?: { readonly kind: 'function' | 'tracepoint'; readonly name: string } | undefined
  /** The verifier knows what pointers among the arguments point to. */
  readonly typed: boolean
  readonly returns: boolean
}

function hookOf(cx: Cx): Hook | undefined {
  const match = matchSection(cx.program.section)
  const target = match?.target
  const named = (prefix: string) => (target ? ({ kind: 'function', name: prefix + target } as const) : undefined)
  const tracepoint = target ? ({ kind: 'tracepoint', name: target } as const) : undefined
  switch (cx.program.type) {
    case 'tracing':
      switch (match?.entry.attachType) {
        case 'TRACE_RAW_TP':
          return { places: 'words', function: tracepoint, typed: true, returns: false }
        case 'TRACE_ITER':
          return { places: 'words', function: named('bpf_iter_'), typed: true, returns: false }
        default: {
          const returns = match?.entry.attachType !== 'TRACE_FENTRY'
          return { places: 'words', function: named(''), typed: true, returns }
        }
      }
    case 'lsm':
      return { places: 'words', function: named('bpf_lsm_'), typed: true, returns: true }
    case 'raw_tracepoint':
    case 'raw_tracepoint_writable':
      return { places: 'words', function: tracepoint, typed: false, returns: false }
    case 'kprobe': {
      const isProbe = /^k(ret)?probe(\.multi)?\//.test(cx.program.section)
      // `function+offset` is no function entry.
      const name = isProbe && target && /^\w+$/.test(target) ? target : undefined
      return {
        places: 'registers',
        function: name ? { kind: 'function', name } : undefined,
        typed: false,
        returns: true,
      }
    }
    default:
      return undefined
  }
}

function translateArg(cx: Cx, call: Call): Form {
  const hook = hookOf(cx)
  const stx = call.args[0]!
  if (!hook)
    throw syntaxError(
      'bad-syntax',
      call.stx,
      `\`arg\` reads arguments of a kernel function or tracepoint; this is ${withArticle(toLispName(cx.program.type))} program`,
      'its context is read with `(ctx field)`',
    )
  if (isSym(stx.datum) && stx.datum.keyword) return returnValue(cx, call, { hook, stx })
  if (typeof stx.datum === 'bigint')
    return argument(cx, call, { hook, index: constantSize(cx, stx, 'the number of an argument'), stx })
  const fn = functionOf(cx, hook, stx)
  const name = toKernelName(symbolOf(stx, 'the name of an argument').name)
  const index = fn.params.findIndex((param) => param.name.toLowerCase() === name)
  if (index >= 0) return argument(cx, call, { hook, index, stx, param: fn.params[index] })
  const names = fn.params.map((param) => toLispName(param.name))
  throw syntaxError(
    'unknown-field',
    stx,
    `\`${cx.program.section}\` has no argument ${quoted(stx)}`,
    didYouMean(toLispName(name), names) ?? (names.length > 0 ? `its arguments are ${names.join(', ')}` : 'it has none'),
  )
}

function functionOf(cx: Cx, hook: Hook, stx: Stx): KernelFunction {
  if (!hook.function)
    throw syntaxError(
      'bad-syntax',
      stx,
      `the section \`${cx.program.section}\` does not say whose argument ${quoted(stx)} is`,
      'name the target in the section (`fentry/do_unlinkat`), or use a number: (arg 0)',
    )
  const btf = kernelBtf(cx.module, stx, '`arg` with a name')
  const { kind, name } = hook.function
  const found = kind === 'function' ? findFunction(btf, name) : findTracepoint(btf, name)
  if (found) return found
  throw syntaxError(
    'unknown-field',
    stx,
    `the kernel's BTF has no ${kind} \`${name}\`, the target of \`${cx.program.section}\``,
  )
}

interface Argument {
  readonly hook: Hook
  readonly index: number
  readonly stx: Stx
  readonly param?: KernelParam | undefined
}

function argument(cx: Cx, call: Call, { hook, index, stx, param }: Argument): Form {
  if (hook.places === 'registers') {
    const offset = ptRegs(cx.module.options.arch ?? 'x86_64').params[index]
    if (offset === undefined)
      throw syntaxError('index-out-of-range', stx, `argument ${index} is not in a register on this architecture`)
    return typed(call, { offset, type: param?.type, pointer: false })
  }
  if (index < 0 || index > 11) throw syntaxError('index-out-of-range', stx, `arguments are 0 to 11, got ${index}`)
  return typed(call, { offset: index * 8, type: param?.type, pointer: hook.typed })
}

function returnValue(cx: Cx, call: Call, { hook, stx }: { hook: Hook; stx: Stx }): Form {
  if (!isSym(stx.datum) || stx.datum.name !== 'RETURN')
    throw syntaxError('bad-option', stx, `expected the name or number of an argument, or :return, got ${quoted(stx)}`)
  if (!hook.returns)
    throw syntaxError(
      'bad-syntax',
      stx,
      `\`${cx.program.section}\` runs before there is a result`,
      'use fexit, or a kretprobe',
    )
  if (hook.places === 'registers')
    return typed(call, { offset: ptRegs(cx.module.options.arch ?? 'x86_64').result, type: undefined, pointer: false })
  const fn = functionOf(cx, hook, stx)
  if (!fn.result && cx.program.type !== 'lsm')
    throw syntaxError('bad-syntax', stx, `\`${hook.function!.name}\` returns nothing`)
  return typed(call, { offset: fn.params.length * 8, type: fn.result, pointer: hook.typed })
}

interface Typed {
  readonly offset: number
  readonly type: KernelParam['type']
  readonly pointer: boolean
}

/** Each argument fills 8 bytes; narrower ones have their upper bytes undefined, so the value is cut to its type. */
function typed(call: Call, { offset, type, pointer }: Typed): Form {
  const isPointer = pointer && type?.kind === 'ptr' && type.struct !== undefined
  const load: Form = {
    kind: 'ctxLoad',
    type: u64,
    offset,
    ...(isPointer && { field: { name: 'arg', offset, type: u64, pointer: 'btf' } }),
    ...at(call.stx),
  }
  const scalar: IntType | undefined = type && scalarOf(type)
  const value =
    scalar && scalar.bits < 64 ? cast(call.stx, { kind: 'int', bits: scalar.bits, signed: scalar.signed }, load) : load
  return tagged(value, type && pointee(type))
}

export const ARGUMENT_FORMS: Readonly<Record<string, SpecialForm>> = {
  ARG: form(
    'name',
    'An argument of the function or tracepoint that the program is attached to; (arg :return) its result.',
    translateArg,
  ),
}
