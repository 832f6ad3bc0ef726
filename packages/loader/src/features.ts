/**
 * Whether programs can be loaded into this machine's kernel by this process. The kernel is asked once, with the smallest
 * program there is; what an object needs beyond that is compared with the process's capabilities.
 */
import { type BpfObject, encodeInsns, PROG_TYPE_IDS } from '@unplugin-bpf/core/object'
import { explainFailure, SyscallError } from './errors.ts'
import { raiseMemlock } from './memlock.ts'
import { capabilitiesOfObject } from './program-type.ts'
import { KernelUnavailableError } from './sys/addon.ts'
import { ATTR } from './sys/attr.ts'
import { bpf } from './sys/bpf.ts'
import { ERRNO } from './sys/errno.ts'
import { closeFd } from './sys/syscall.ts'
import { missingCapabilities, readSystemState } from './system-state.ts'

export type KernelUsable = { readonly ok: true } | { readonly ok: false; readonly reason: string }

let probed: KernelUsable | undefined

/** For `object`, or for whatever takes no more than CAP_BPF. */
export function kernelUsable(object?: BpfObject): KernelUsable {
  probed ??= probeKernel()
  if (!probed.ok) return probed
  const needs = object ? capabilitiesOfObject(object) : (['BPF'] as const)
  const state = readSystemState()
  if (missingCapabilities(state, needs).length === 0) return { ok: true }
  return { ok: false, reason: `${explainFailure(ERRNO.EPERM, { needs }, state)}` }
}

function probeKernel(): KernelUsable {
  try {
    raiseMemlock()
    const fd = loadTrivial()
    if (fd < 0) return { ok: false, reason: new SyscallError('load a BPF program', -fd, { needs: ['BPF'] }).message }
    closeFd(fd)
    return { ok: true }
  } catch (error) {
    if (error instanceof KernelUnavailableError) return { ok: false, reason: error.message }
    throw error
  }
}

/** A socket filter, `r0 = 0; exit`: of all program types it needs the least. */
function loadTrivial(): number {
  const insns = encodeInsns([
    { opcode: 0xb7, dst: 0, src: 0, off: 0, imm: 0 },
    { opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 },
  ])
  const license = new TextEncoder().encode('GPL\0')
  return bpf(ATTR.progLoad, { prog_type: PROG_TYPE_IDS.socket_filter, insns, insn_cnt: insns.length / 8, license })
}
