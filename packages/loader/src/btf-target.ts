/**
 * What programs name by a BTF id of the kernel: their target (fentry, fexit, fmod_ret, tp_btf, iter and lsm; the verifier
 * takes the arguments' types from it), and the kernel functions that they call.
 */
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import { kernelBtf } from './kernel-btf.ts'

/** What the kernel calls the hook, by attach type (kernel/bpf/btf.c, include/linux/bpf.h, 6.18). */
function hookOf(spec: ProgramSpec, target: string): { readonly kind: 'func' | 'typedef'; readonly name: string } {
  switch (spec.attachType) {
    case 'TRACE_RAW_TP':
      return { kind: 'typedef', name: `btf_trace_${target}` }
    case 'TRACE_ITER':
      return { kind: 'func', name: `bpf_iter_${target}` }
    case 'LSM_MAC':
    case 'LSM_CGROUP':
      return { kind: 'func', name: `bpf_lsm_${target}` }
    default:
      return { kind: 'func', name: target }
  }
}

export function btfTargetId(spec: ProgramSpec): number {
  const target = spec.attachTarget
  if (target === undefined)
    throw new TypeError(`program "${spec.name}": the section "${spec.section}" does not say what it attaches to`)
  const { kind, name } = hookOf(spec, target)
  const id = kernelBtf().findId(kind, name)
  if (id === undefined) throw new Error(`program "${spec.name}": this kernel has no ${target} for ${spec.section}`)
  return id
}

/** Id of a kernel function that `program` calls. Functions of modules have ids of their own BTF, which is not looked at. */
export function kfuncId(program: ProgramSpec, name: string): number {
  const id = kernelBtf().findId('func', name)
  if (id !== undefined) return id
  throw new Error(
    `program "${program.name}" calls the kernel function ${name}, which this kernel does not have (functions of kernel modules cannot be called)`,
  )
}
