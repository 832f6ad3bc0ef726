/**
 * BTF as the kernel takes it, from BTF as compilers and libbpf exchange it: the kernel knows no extern functions and no
 * section that lists them (btf_func_check_meta and btf_datasec_resolve, kernel/bpf/btf.c, 6.18). libbpf repairs both
 * when it loads an object (bpf_object__collect_externs); so do we, without moving any type:
 *
 *   FUNC extern               -> FUNC global; parameters without a name get one
 *   VAR extern                -> VAR global; int instead of void
 *   DATASEC '.ksyms', '.kconfig', n vars  -> an anonymous STRUCT of n ints, which is as long
 */
import { plainBytes } from '../bytes/plain.ts'
import { type Btf, readBtf } from './reader.ts'
import { BTF_KIND, BTF_LINKAGE, BTF_TYPE_SIZE, type BtfTypeOf } from './types.ts'

/** Sections that ELF does not have. */
const SECTIONS = ['.ksyms', '.kconfig'] as const
const INT_SIZE = 4

export function kernelReady(bytes: Uint8Array): Uint8Array {
  const btf = readBtf(bytes)
  const sections = SECTIONS.flatMap((name) => btf.findId('datasec', name) ?? [])
  if (sections.length === 0) return bytes
  const out = plainBytes(bytes).slice()
  const view = new DataView(out.buffer)
  for (const section of sections) {
    const { vars } = btf.type(section) as BtfTypeOf<'datasec'> // findId gives this kind only
    for (const { type } of vars) makeGlobal(btf, view, type)
    writeStruct(btf, view, btf.recordOffset(section), vars.length)
  }
  return out
}

function makeGlobal(btf: Btf, view: DataView, id: number): void {
  const func = btf.type(id)
  const at = btf.recordOffset(id)
  if (func.kind === 'var') {
    view.setUint32(at + BTF_TYPE_SIZE, BTF_LINKAGE.global, true)
    // A symbol without a type is void in C, which no variable may be.
    if (btf.resolve(func.type).kind === 'void') view.setUint32(at + 8, fourByteInt(btf) ?? func.type, true)
  }
  if (func.kind !== 'func') return
  view.setUint32(at + 4, (BTF_KIND.func << 24) | BTF_LINKAGE.global, true)
  const proto = btf.type(func.type)
  if (proto.kind !== 'funcProto') return
  const params = btf.recordOffset(func.type) + BTF_TYPE_SIZE
  const name = view.getUint32(at, true)
  for (const [i, param] of proto.params.entries())
    if (param.name === '' && param.type !== 0) view.setUint32(params + i * 8, name, true)
}

function writeStruct(btf: Btf, view: DataView, at: number, count: number): void {
  const int = fourByteInt(btf)
  // Without an int of 4 bytes, which every program's result has, there is no member to write: an empty struct is as good.
  const members = int === undefined ? 0 : count
  view.setUint32(at, 0, true)
  view.setUint32(at + 4, (BTF_KIND.struct << 24) | members, true)
  view.setUint32(at + 8, members * INT_SIZE, true)
  for (let i = 0; i < members; i++) {
    const member = at + BTF_TYPE_SIZE + i * 12
    view.setUint32(member, 0, true)
    view.setUint32(member + 4, int!, true)
    view.setUint32(member + 8, i * INT_SIZE * 8, true)
  }
}

function fourByteInt(btf: Btf): number | undefined {
  return btf.idsOf('int').find((id) => btf.sizeOf(id) === INT_SIZE)
}
