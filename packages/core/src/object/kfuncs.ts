/**
 * Functions of the kernel in an object's BTF, as clang writes `extern ... __ksym` declarations: a FUNC with linkage extern
 * and its prototype, listed in a DATASEC `.ksyms` that ELF has no section for. libbpf compares the prototype with the
 * kernel's (bpf_core_types_are_compat), of a struct only that it is one.
 */
import type { BtfTypeTable } from '../btf/type-table.ts'
import type { BtfTypeId } from '../btf/types.ts'
import type { BtfWriter } from '../btf/writer.ts'
import type { KernelPointer, KfuncDecl } from '../forms/module.ts'
import type { IntType } from '../types/types.ts'

export const KSYMS_SECTION = '.ksyms'

export function writeKfuncs(writer: BtfWriter, table: BtfTypeTable, kfuncs: readonly KfuncDecl[]): void {
  if (kfuncs.length === 0) return
  const vars = kfuncs.map(({ name, params, result }) => {
    const type = table.add({
      kind: 'funcProto',
      name: '',
      returnType: result === undefined ? 0 : typeId(table, result),
      params: params.map((param) => ({ name: param.name, type: typeId(table, param.type) })),
    })
    return { type: writer.add({ kind: 'func', name, type, linkage: 'extern' }), offset: 0, size: 0 }
  })
  writer.add({ kind: 'datasec', name: KSYMS_SECTION, size: 0, vars })
}

function typeId(table: BtfTypeTable, type: IntType | KernelPointer): BtfTypeId {
  if (type.kind === 'int') return table.idOf(type)
  const { to } = type
  if (to === undefined) return table.pointerTo(0)
  if (typeof to !== 'string') return table.pointerTo(table.idOf(to))
  return table.pointerTo(table.add({ kind: 'struct', name: to, size: 0, members: [] }))
}
