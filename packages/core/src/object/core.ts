/**
 * An object with its CO-RE relocations applied for one kernel, so that it can be run in the VM, disassembled or loaded as
 * that kernel would see it. Without it an object has the offsets of the kernel that it was compiled for.
 */
import { relocateCore } from '../btf/core-relo.ts'
import { type Btf, readBtf } from '../btf/reader.ts'
import type { BpfObject } from './object.ts'

/** `kernel`: bytes of the kernel's `.BTF`, or the opened BTF. */
export function relocateObject(object: BpfObject, kernel: Uint8Array | Btf): BpfObject {
  if (object.btf === undefined) return object
  const btfs = { local: readBtf(object.btf), kernel: kernel instanceof Uint8Array ? readBtf(kernel) : kernel }
  const relocated = <T extends Pick<BpfObject['programs'][number], 'insns' | 'coreRelocations'>>(part: T): T => ({
    ...part,
    insns: relocateCore(part.insns, part.coreRelocations ?? [], btfs).insns,
    coreRelocations: undefined,
  })
  return {
    ...object,
    programs: object.programs.map(relocated),
    ...(object.functions && { functions: object.functions.map(relocated) }),
  }
}
