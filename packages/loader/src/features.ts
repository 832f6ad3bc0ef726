/**
 * Whether programs can be loaded into this machine's kernel by this process. The answer does not change while a process
 * runs (capabilities are dropped, not gained), so it is found out once: by loading the smallest program there is.
 */
import { PROG_TYPE_IDS } from '@unplugin-bpf/core/object'
import { SyscallError } from './errors.ts'
import { relocate } from './relocate.ts'
import { KernelUnavailableError } from './sys/addon.ts'
import { ATTR } from './sys/attr.ts'
import { bpf } from './sys/bpf.ts'
import { closeFd } from './sys/syscall.ts'

export type KernelUsable = { readonly ok: true } | { readonly ok: false; readonly reason: string }

let answer: KernelUsable | undefined

export function kernelUsable(): KernelUsable {
  answer ??= tryKernel()
  return answer
}

function tryKernel(): KernelUsable {
  try {
    const fd = loadTrivial()
    if (fd < 0)
      return { ok: false, reason: new SyscallError('load a BPF program', -fd, { needs: ['BPF', 'NET_ADMIN'] }).message }
    closeFd(fd)
    return { ok: true }
  } catch (error) {
    if (error instanceof KernelUnavailableError) return { ok: false, reason: error.message }
    throw error
  }
}

/** r0 = 2; exit. An XDP program, because unprivileged users may not even load this one. */
function loadTrivial(): number {
  const insns = relocate(
    {
      name: 'probe',
      section: 'xdp',
      type: 'xdp',
      attachType: undefined,
      attachTarget: undefined,
      insns: [
        { opcode: 0xb7, dst: 0, src: 0, off: 0, imm: 2 },
        { opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 },
      ],
      relocations: [],
      lines: [],
    },
    () => 0,
  )
  const license = new TextEncoder().encode('GPL\0')
  return bpf(ATTR.progLoad, { prog_type: PROG_TYPE_IDS.xdp, insns, insn_cnt: insns.length / 8, license })
}
