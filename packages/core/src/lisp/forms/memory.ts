/** Memory: load, store, the context, stack memory, atomics, memset and memcpy, registers of probed functions. */
import type { AtomicOp, Form } from '../../forms/node.ts'
import { type ContextField, type ContextName, contextRow } from '../../tables/contexts.ts'
import { toKernelName, toLispName } from '../../tables/names.ts'
import { programTypeRow } from '../../tables/program-types.ts'
import { type PtRegsRow, ptRegs } from '../../tables/pt-regs.ts'
import { sizeOf } from '../../types/layout.ts'
import { type IntType, u64 } from '../../types/types.ts'
import { at, constant, constantOf, type Origin, seq, withValues } from '../build.ts'
import { type Call, type Cx, lookup, type SpecialForm } from '../context.ts'
import { isSym } from '../datum.ts'
import { printDatum } from '../print.ts'
import { didYouMean } from '../suggest.ts'
import { quoted, type Stx, symbolOf, syntaxError, withArticle } from '../syntax.ts'
import { constantSize, toForm } from '../translate.ts'
import { anyType, isScalarName, scalarType, structOf } from '../types.ts'
import { arg, form, structNamed } from './shared.ts'

function offsetArg(cx: Cx, call: Call, index: number): Form {
  return call.args[index] ? toForm(cx, call.args[index]) : constant(call.stx, 0)
}

function translateLoad(cx: Cx, call: Call): Form {
  return {
    kind: 'load',
    type: scalarType(call.args[0]!),
    ptr: arg(cx, call, 1),
    offset: offsetArg(cx, call, 2),
    ...at(call.stx),
  }
}

function translateStore(cx: Cx, call: Call): Form {
  // (store type ptr value) leaves the offset out, as `load` may.
  const hasOffset = call.args.length === 4
  return {
    kind: 'store',
    type: scalarType(call.args[0]!),
    ptr: arg(cx, call, 1),
    offset: hasOffset ? arg(cx, call, 2) : constant(call.stx, 0),
    value: toForm(cx, call.args.at(-1)!),
    ...at(call.stx),
  }
}

/** `(setf (load type ptr offset) value)`. */
export function assignLoad(cx: Cx, call: Call, value: Form): Form {
  if (call.args.length < 2 || call.args.length > 3)
    throw syntaxError(
      'wrong-argument-count',
      call.stx,
      '`load` takes 2 to 3 arguments',
      'usage: (load type ptr [offset])',
    )
  return storeValue(
    call.stx,
    { type: scalarType(call.args[0]!), ptr: arg(cx, call, 1), offset: offsetArg(cx, call, 2) },
    value,
  )
}

export interface Target {
  readonly type: IntType
  readonly ptr: Form
  readonly offset: Form
}

/** A store whose value is the whole value, not what the narrow field holds afterwards. */
export function storeValue(origin: Origin, target: Target, value: Form): Form {
  return { kind: 'store', ...target, value, ...at(origin) }
}

interface ContextPlace {
  readonly type: IntType
  readonly offset: number
  readonly field?: ContextField | undefined
}

function contextPlace(cx: Cx, call: Call): ContextPlace {
  const [first, second] = call.args
  if (!first)
    throw syntaxError(
      'wrong-argument-count',
      call.stx,
      '`ctx` needs the name of a field',
      'usage: (ctx field [index]); `(ctx-ptr)` is the context itself',
    )
  if (isScalarName(first) && second) return untypedPlace(cx, first, second)
  const field = contextFieldNamed(cx, first)
  if (call.args.length > 2)
    throw syntaxError(
      'wrong-argument-count',
      call.stx,
      `\`ctx\` takes a field and an index, got ${call.args.length} arguments`,
    )
  if (field.length === undefined) {
    if (second) throw syntaxError('bad-syntax', second, `the context field ${quoted(first)} is no array`)
    return { type: field.type, offset: field.offset, field }
  }
  if (!second) {
    throw syntaxError(
      'wrong-argument-count',
      call.stx,
      `the context field ${quoted(first)} is an array of ${field.length}`,
      `give an index: (ctx ${printDatum(first.datum)} 0)`,
    )
  }
  const index = constantSize(cx, second, 'the index of a context field')
  if (index < 0 || index >= field.length)
    throw syntaxError(
      'index-out-of-range',
      second,
      `index ${index} is outside ${quoted(first)}, which has ${field.length} elements`,
    )
  return { type: field.type, offset: field.offset + index * sizeOf(field.type), field }
}

/** The older `(ctx u32 4)`: when a field lies there, it is meant. */
function untypedPlace(cx: Cx, typeStx: Stx, offsetStx: Stx): ContextPlace {
  const type = scalarType(typeStx)
  const offset = constantSize(cx, offsetStx, 'the offset into the context')
  if (offset < 0 || offset % sizeOf(type) !== 0)
    throw syntaxError(
      'bad-option',
      offsetStx,
      `offset ${offset} is not aligned to the ${sizeOf(type)} bytes of the type`,
    )
  const fields = contextFields(cx)
  const field = fields.find((f) => f.length === undefined && f.offset === offset && sizeOf(f.type) === sizeOf(type))
  const element = fields.find(
    (f) =>
      f.length !== undefined &&
      offset >= f.offset &&
      offset < f.offset + f.length * sizeOf(f.type) &&
      sizeOf(f.type) === sizeOf(type),
  )
  return { type, offset, field: field ?? element }
}

function contextFields(cx: Cx): readonly ContextField[] {
  const { context } = programTypeRow(cx.program.type)
  return context === undefined ? [] : contextRow(context as ContextName).fields
}

function contextFieldNamed(cx: Cx, stx: Stx): ContextField {
  const name = toKernelName(symbolOf(stx, 'the name of a context field').name)
  const fields = contextFields(cx)
  const field = fields.find((f) => f.name === name)
  if (field) return field
  const { context } = programTypeRow(cx.program.type)
  const type = toLispName(cx.program.type)
  if (fields.length === 0) {
    throw syntaxError(
      'unknown-field',
      stx,
      `the context of ${withArticle(type)} program has no named fields`,
      'read it with `(ctx type offset)`',
    )
  }
  const names = fields.map((f) => toLispName(f.name))
  throw syntaxError(
    'unknown-field',
    stx,
    `\`${context}\`, the context of ${withArticle(type)} program, has no field ${quoted(stx)}`,
    didYouMean(toLispName(name), names) ??
      `its fields are ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', ...' : ''}`,
  )
}

function translateCtx(cx: Cx, call: Call): Form {
  return { kind: 'ctxLoad', ...contextPlace(cx, call), ...at(call.stx) }
}

/** `(setf (ctx field) value)`. */
export function assignContext(cx: Cx, call: Call, value: Form): Form {
  const place = contextPlace(cx, call)
  return withValues(call.stx, [value], ([ref]) =>
    seq(call.stx, [{ kind: 'ctxStore', ...place, value: ref!, ...at(call.stx) }, ref!]),
  )
}

function translateCtxStore(cx: Cx, call: Call): Form {
  const place = contextPlace(cx, { ...call, args: call.args.slice(0, 2) })
  return { kind: 'ctxStore', ...place, value: arg(cx, call, 2), ...at(call.stx) }
}

function translateStackAddr(cx: Cx, call: Call): Form {
  const name = symbolOf(call.args[0]!, 'a variable')
  const meaning = lookup(cx.scope, name)
  if (meaning?.kind === 'local') return { kind: 'localAddr', local: meaning.local, ...at(call.stx) }
  throw syntaxError(
    'unbound-variable',
    call.args[0]!,
    `\`stack-addr\` needs a variable; ${quoted(call.args[0]!)} is none`,
    'bind it with `let` first',
  )
}

/** `(atomic-op ptr [offset] value [type])`. */
function atomic(op: AtomicOp, result: 'old' | 'none'): SpecialForm['translate'] {
  return (cx, call) => {
    const typed = call.args.length >= 3 && isScalarName(call.args.at(-1)!)
    const type = typed ? scalarType(call.args.at(-1)!) : u64
    const [ptr, ...operands] = typed ? call.args.slice(0, -1) : call.args
    const [offset, value] = operands.length === 2 ? operands : [undefined, operands[0]]
    if (!ptr || !value)
      throw syntaxError('wrong-argument-count', call.stx, `\`${call.name}\` takes ptr, offset, value and a type`)
    checkAtomicType(call, type)
    const offsetForm = offset ? toForm(cx, offset) : constant(call.stx, 0)
    const known = constantOf(offsetForm)
    if (known !== undefined && known % BigInt(sizeOf(type)) !== 0n) {
      throw syntaxError(
        'bad-option',
        offset ?? call.stx,
        `offset ${BigInt.asIntN(64, known)} is not aligned to the ${sizeOf(type)} bytes of the type`,
      )
    }
    return {
      kind: 'atomic',
      op,
      type,
      ptr: toForm(cx, ptr),
      offset: offsetForm,
      value: toForm(cx, value),
      fetch: result === 'old',
      ...at(call.stx),
    }
  }
}

function checkAtomicType(call: Call, type: IntType): void {
  if (type.bits === 32 || type.bits === 64) return
  throw syntaxError('bad-type', call.args.at(-1)!, 'atomic operations work on u32 and u64 only')
}

function translateCmpxchg(cx: Cx, call: Call): Form {
  const type = call.args[4] ? scalarType(call.args[4]) : u64
  checkAtomicType(call, type)
  return {
    kind: 'atomic',
    op: 'cmpxchg',
    type,
    ptr: arg(cx, call, 0),
    offset: arg(cx, call, 1),
    expected: arg(cx, call, 2),
    value: arg(cx, call, 3),
    fetch: true,
    ...at(call.stx),
  }
}

function nonNegative(cx: Cx, stx: Stx, what: string): number {
  const value = constantSize(cx, stx, what)
  if (value < 0) throw syntaxError('bad-option', stx, `${what} is negative: ${value}`)
  return value
}

function translateMemset(cx: Cx, call: Call): Form {
  return {
    kind: 'memset',
    ptr: arg(cx, call, 0),
    offset: constantSize(cx, call.args[1]!, 'the offset of `memset`'),
    byte: arg(cx, call, 2),
    size: nonNegative(cx, call.args[3]!, 'the size of `memset`'),
    ...at(call.stx),
  }
}

function translateMemcpy(cx: Cx, call: Call): Form {
  return {
    kind: 'memcpy',
    dst: arg(cx, call, 0),
    dstOffset: constantSize(cx, call.args[1]!, 'the target offset of `memcpy`'),
    src: arg(cx, call, 2),
    srcOffset: constantSize(cx, call.args[3]!, 'the source offset of `memcpy`'),
    size: nonNegative(cx, call.args[4]!, 'the size of `memcpy`'),
    ...at(call.stx),
  }
}

function translateStructAlloc(cx: Cx, call: Call): Form {
  const type = structOf(cx.module, call.args[0]!)
  if (type) {
    return { kind: 'alloc', name: type.name, size: type.size, align: type.align, zeroed: true, type, ...at(call.stx) }
  }
  const size = nonNegative(cx, call.args[0]!, 'the size of `struct-alloc`')
  if (size === 0 || size > 512)
    throw syntaxError('bad-option', call.args[0]!, `the size of \`struct-alloc\` is 1 to 512 bytes, got ${size}`)
  return { kind: 'alloc', name: 'buf', size, align: 8, zeroed: true, ...at(call.stx) }
}

function translateSizeof(cx: Cx, call: Call): Form {
  const [stx] = call.args
  const type =
    isSym(stx!.datum) && !isScalarName(stx!)
      ? structNamed(cx, stx!)
      : anyType(cx.module, stx!, (s) => constantSize(cx, s, 'an array length'))
  return constant(call.stx, sizeOf(type))
}

function register(pick: (row: PtRegsRow) => number | undefined, doc: string): SpecialForm {
  return form('', doc, (cx, call) => {
    if (programTypeRow(cx.program.type).context !== 'pt_regs') {
      throw syntaxError(
        'bad-syntax',
        call.stx,
        `\`${call.name}\` exists in kprobe and uprobe programs only; this is ${withArticle(toLispName(cx.program.type))} program`,
      )
    }
    const offset = pick(ptRegs(cx.module.options.arch ?? 'x86_64'))
    if (offset === undefined)
      throw syntaxError('unsupported', call.stx, `the target architecture has no register for \`${call.name}\``)
    return { kind: 'ctxLoad', type: u64, offset, ...at(call.stx) }
  })
}

const parameters = Object.fromEntries(
  [0, 1, 2, 3, 4, 5].map((i) => [
    `PT-REGS-PARM${i + 1}`,
    register((row) => row.params[i], `Argument ${i + 1} of the probed function.`),
  ]),
)

function translatePassVerdict(cx: Cx, call: Call): Form {
  return constant(call.stx, programTypeRow(cx.program.type).passVerdict)
}

export const MEMORY_FORMS: Readonly<Record<string, SpecialForm>> = {
  ...parameters,
  LOAD: form('type ptr [offset]', 'Reads memory. A place.', translateLoad),
  STORE: form('type ptr [offset] value', 'Writes memory; has the value.', translateStore),
  CTX: form('field [index]', 'A field of the context; also (ctx type offset). A place.', translateCtx),
  'CTX-LOAD': form('type offset', 'Reads the context at an offset; prefer `ctx`.', translateCtx),
  'CTX-STORE': form(
    'type offset value',
    'Writes the context at an offset; prefer (setf (ctx ...) ...).',
    translateCtxStore,
  ),
  'CTX-PTR': form('', 'The context pointer, for helpers.', (_, call) => ({ kind: 'ctx', ...at(call.stx) })),
  'STACK-ADDR': form('variable', 'Address of a variable, which then lives on the stack.', translateStackAddr),
  'STRUCT-ALLOC': form('size', 'Zeroed stack memory of a constant size, or of a struct.', translateStructAlloc),
  SIZEOF: form('type', 'Bytes of a struct or scalar type.', translateSizeof),
  'ATOMIC-ADD': form('ptr [offset] value [type]', 'Adds to memory atomically.', atomic('add', 'none')),
  'ATOMIC-AND': form('ptr [offset] value [type]', 'Atomic bitwise and.', atomic('and', 'none')),
  'ATOMIC-OR': form('ptr [offset] value [type]', 'Atomic bitwise or.', atomic('or', 'none')),
  'ATOMIC-XOR': form('ptr [offset] value [type]', 'Atomic exclusive or.', atomic('xor', 'none')),
  'ATOMIC-FETCH-ADD': form('ptr [offset] value [type]', 'As `atomic-add`; has the old value.', atomic('add', 'old')),
  'ATOMIC-FETCH-AND': form('ptr [offset] value [type]', 'As `atomic-and`; has the old value.', atomic('and', 'old')),
  'ATOMIC-FETCH-OR': form('ptr [offset] value [type]', 'As `atomic-or`; has the old value.', atomic('or', 'old')),
  'ATOMIC-FETCH-XOR': form('ptr [offset] value [type]', 'As `atomic-xor`; has the old value.', atomic('xor', 'old')),
  'ATOMIC-XCHG': form('ptr [offset] value [type]', 'Stores atomically; has the old value.', atomic('xchg', 'old')),
  'ATOMIC-CMPXCHG': form(
    'ptr offset expected value [type]',
    'Stores if the old value is as expected; has the old value.',
    translateCmpxchg,
  ),
  MEMSET: form('ptr offset byte size', 'Fills memory; offset and size are constants.', translateMemset),
  MEMCPY: form(
    'target target-offset source source-offset size',
    'Copies memory; offsets and size are constants.',
    translateMemcpy,
  ),
  'PT-REGS-RET': register((row) => row.result, 'Result of the probed function, in return probes.'),
  'PT-REGS-SP': register((row) => row.stackPointer, 'Stack pointer at the probe.'),
  'PT-REGS-IP': register((row) => row.instructionPointer, 'Instruction pointer at the probe.'),
  'PASS-VERDICT': form(
    '',
    'What "let it through" is for this program type: XDP_PASS, TC_ACT_OK, 1 ...',
    translatePassVerdict,
  ),
}
