/**
 * `(import-kernel-struct task-struct pid se.vruntime)`: accessors of a kernel struct. Scalars and pointers are read with
 * `probe_read_kernel`, embedded structs and arrays give their address; every offset is a CO-RE relocation.
 */
import { fieldsOf, scalarOf } from '../btf/kernel-types.ts'
import type { Form } from '../forms/node.ts'
import { toKernelName, toLispName } from '../tables/names.ts'
import type { CoreField, CoreType } from '../types/core-query.ts'
import type { Call, Cx, GeneratedForm, ModuleState } from './context.ts'
import { sym } from './datum.ts'
import { checkCount } from './forms/shared.ts'
import { addGenerated } from './forms/structs.ts'
import {
  checkTag,
  fieldAddress,
  kernelBtf,
  kernelField,
  kernelLoad,
  kernelStructNamed,
  markEmbedded,
  tagged,
} from './kernel.ts'
import { quoted, type Stx, symbolOf, syntaxError } from './syntax.ts'
import { toForm } from './translate.ts'

export function importKernelStruct(module: ModuleState, stx: Stx, args: readonly Stx[]): void {
  const [nameStx, ...fieldStxs] = args
  if (!nameStx)
    throw syntaxError(
      'wrong-argument-count',
      stx,
      '`import-kernel-struct` needs the name of a struct',
      'usage: (import-kernel-struct task-struct pid comm)',
    )
  const btf = kernelBtf(module, nameStx, '`import-kernel-struct`')
  const struct = kernelStructNamed(btf, nameStx)
  const name = symbolOf(nameStx, 'the name of a kernel struct').name
  const span = nameStx.span
  const wanted =
    fieldStxs.length > 0
      ? fieldStxs
      : fieldsOf(btf, struct.id)
          .filter((field) => field.type !== undefined)
          .map((field) => ({ datum: sym(toLispName(field.name).toUpperCase()), span, trail: nameStx.trail }))
  const forms = new Map<ReturnType<typeof sym>, GeneratedForm>()
  for (const fieldStx of wanted) {
    const field = kernelField(btf, struct, fieldStx)
    const fieldName = symbolOf(fieldStx, 'the name of a field').name
    forms.set(sym(`${name}-${fieldName}`), { ...accessor(field), span: fieldStx.span })
  }
  forms.set(sym(`AS-${name}`), { ...cast(struct.type.name), span })
  refuseClash(module, nameStx, forms)
  addGenerated(module, forms)
  const value = BigInt(struct.type.size)
  module.interp.globals.set(sym(`+${name}-SIZE+`), { value, constant: true, span })
}

/** A struct of the program with the same name would silently change what its accessors mean. */
function refuseClash(
  module: ModuleState,
  nameStx: Stx,
  forms: ReadonlyMap<ReturnType<typeof sym>, GeneratedForm>,
): void {
  const own = module.structs.get(toKernelName(symbolOf(nameStx, 'a name').name))
  if (!own || forms.size === 0) return
  throw syntaxError(
    'duplicate-name',
    nameStx,
    `the program has a struct named ${quoted(nameStx)} of its own`,
    'rename one of them: accessors of both would have the same names',
  )
}

function accessor(field: CoreField): Omit<GeneratedForm, 'span'> {
  const { type } = field.steps.at(-1)!
  const scalar = scalarOf(type)
  const name = field.steps.map((step) => (step.kind === 'member' ? step.name : '')).join('.')
  const read = (cx: Cx, call: Call): Form => {
    const ptr = toForm(cx, call.args[0]!)
    checkTag(ptr, call.args[0]!, field.root.name)
    const address = fieldAddress(call.stx, ptr, field)
    return scalar ? kernelLoad(call.stx, scalar, address) : markEmbedded(address)
  }
  return oneArgument(
    `${scalar ? 'Field' : 'Address of the field'} ${name} of the kernel's ${field.root.name}.`,
    (cx, call) => tagged(read(cx, call), pointee(type)),
  )
}

/** The struct at the address that an accessor gives. */
export function pointee(type: CoreType): string | undefined {
  if (type.kind === 'ptr') return type.struct?.name
  return (type.kind === 'struct' || type.kind === 'union') && type.name !== '' ? type.name : undefined
}

function cast(struct: string): Omit<GeneratedForm, 'span'> {
  return oneArgument(`The address, taken for one of the kernel's ${struct}.`, (cx, call) => {
    const form = toForm(cx, call.args[0]!)
    return tagged({ kind: 'seq', forms: [form], span: call.stx.span, trail: call.stx.trail }, struct)
  })
}

function oneArgument(doc: string, translate: GeneratedForm['translate']): Omit<GeneratedForm, 'span'> {
  return {
    args: 'ptr',
    doc,
    translate: (cx, call) => {
      checkCount(call, 'ptr', [1, 1])
      return translate(cx, call)
    },
  }
}
