/**
 * CO-RE: answers what a program asks of the kernel (offsets, sizes, existence) from the kernel's BTF, before it is
 * loaded. What the kernel does not have is refused by the verifier only when the program gets there, as with libbpf.
 */
import { type BpfObject, type Btf, type ProgramSpec, readBtf, relocateCore } from '@unplugin-bpf/core/object'
import { kernelBtf } from './kernel-btf.ts'

export interface CoreProgram {
  readonly program: ProgramSpec
  /** What the kernel lacks, by slot. */
  readonly missing: ReadonlyMap<number, string>
}

/** An object's BTF is read once for all of its programs. */
const localBtfs = new WeakMap<BpfObject, Btf>()

/** `btfPath`: see `LoadOptions.btf`. */
export function resolveCore(program: ProgramSpec, object: BpfObject, btfPath: string | undefined): CoreProgram {
  const relocations = program.coreRelocations ?? []
  if (relocations.length === 0 || object.btf === undefined) return { program, missing: new Map() }
  const local = localBtfs.get(object) ?? readBtf(object.btf)
  localBtfs.set(object, local)
  const { insns, missing } = relocateCore(program.insns, relocations, { local, kernel: kernelBtf(btfPath) })
  return { program: { ...program, insns }, missing }
}
