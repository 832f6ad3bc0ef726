/**
 * BPF_PROG_LOAD for one program. The first attempt asks for no log, because writing it costs more than verifying; only
 * a refused program is loaded again with one, in a buffer that grows until the log fits.
 */
import { attachKindRow, type BpfObject, linkProgram, type ProgramSpec } from '@unplugin-bpf/core/object'
import { btfTargetId, kfuncId } from './btf-target.ts'
import { SyscallError, VerifierError } from './errors.ts'
import { findKsym } from './externs.ts'
import { btfAttributes, type LoadedBtf } from './load-btf.ts'
import { resolveCore } from './load-core.ts'
import {
  attachTypeId,
  capabilitiesOfObject,
  linkKindOf,
  loadFlagsOf,
  programTypeOf,
  sectionRowOf,
} from './program-type.ts'
import { relocate } from './relocate.ts'
import { ATTR, kernelName } from './sys/attr.ts'
import { bpf, readBpf } from './sys/bpf.ts'
import { ERRNO } from './sys/errno.ts'

export interface ProgramSurroundings {
  readonly object: BpfObject
  readonly btf: LoadedBtf | undefined
  /** File with the kernel's BTF, when the kernel does not offer it. */
  readonly btfPath?: string | undefined
  /** Descriptor of a map by ELF name. */
  readonly fdOf: (map: string) => number
}

const SMALLEST_LOG = 256 * 1024
/** Older kernels refuse larger buffers (BPF_VERIFIER_TMP_LOG_SIZE and UINT_MAX >> 2 checks, kernel/bpf/log.c). */
const LARGEST_LOG = 64 * 1024 * 1024

/** File descriptor of the loaded program. */
export function loadProgram(spec: ProgramSpec, { object, btf, btfPath, fdOf }: ProgramSurroundings): number {
  const { program, missing } = resolveCore(linkProgram(object, spec), object, btfPath)
  const row = programTypeOf(program)
  const insns = relocate(program, { fdOf, kfuncId, ksym: findKsym })
  const attributes = {
    prog_type: row.id,
    insns,
    insn_cnt: insns.length / 8,
    license: new TextEncoder().encode(`${object.license}\0`),
    prog_flags: loadFlagsOf(program),
    prog_name: kernelName(program.name),
    expected_attach_type: attachTypeId(program.attachType),
    ...(sectionRowOf(program)?.btfTarget && { attach_btf_id: btfTargetId(program) }),
    ...btfAttributes(program, btf),
  }
  const fd = bpf(ATTR.progLoad, attributes)
  if (fd >= 0) return fd
  const again = loadWithLog(attributes)
  if (again.result >= 0) return again.result
  if (again.log !== '') throw new VerifierError(program, -again.result, again.log, missing)
  throw new SyscallError(`load program "${program.name}" (${program.type})`, -fd, {
    needs: capabilitiesOfObject(object),
    since: attachKindRow(linkKindOf(program)).ways.at(-1)?.since ?? row.since,
    causes: {
      E2BIG: `the program has ${insns.length / 8} instructions, more than the kernel takes`,
      ...(fd === -ERRNO.EINVAL && {
        EINVAL: `this kernel does not know the program type ${program.type}${program.attachType ? ` with attach type ${program.attachType}` : ''}, or refuses its licence or BTF`,
      }),
    },
  })
}

type LoadAttributes = Parameters<typeof bpf<(typeof ATTR.progLoad)['declared']>>[1]

function loadWithLog(attributes: LoadAttributes): { result: number; log: string } {
  for (let size = SMALLEST_LOG; ; size *= 4) {
    const buffer = new Uint8Array(size)
    const result = bpf(ATTR.progLoad, { ...attributes, log_level: 1, log_size: size, log_buf: buffer })
    // 6.4 and later say how much room the log would have taken; before, ENOSPC says that there was too little.
    const wanted = readBpf(ATTR.progLoad, 'log_true_size')
    const complete = result !== -ERRNO.ENOSPC && wanted <= size
    if (complete || size >= LARGEST_LOG) return { result, log: textOf(buffer) }
    while (size * 4 < wanted && size * 4 < LARGEST_LOG) size *= 4
  }
}

function textOf(buffer: Uint8Array): string {
  const end = buffer.indexOf(0)
  return new TextDecoder().decode(end < 0 ? buffer : buffer.subarray(0, end))
}
