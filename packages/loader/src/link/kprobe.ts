/** kprobes and kretprobes, through the kernel's own perf event source (4.17). */
import { existsSync, readFileSync } from 'node:fs'
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import type { Link } from '@unplugin-bpf/core/runtime'
import { sectionRowOf } from '../program-type.ts'
import { attachPerfEvent } from './perf-event.ts'

export type ProbeSource = 'kprobe' | 'uprobe'

/** `target` is a function of the kernel, perhaps with an offset: `do_unlinkat`, `do_unlinkat+0x10`. */
export function attachKprobe(spec: ProgramSpec, programFd: number, target: string | undefined): Link {
  const match = /^([\w.]+)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(target ?? '')
  if (!match)
    throw new TypeError(
      `program "${spec.name}": the section "${spec.section}" does not name a kernel function, as "kprobe/do_unlinkat" does`,
    )
  const symbol = match[1]!
  const isReturn = sectionRowOf(spec)?.onReturn === true
  return attachPerfEvent({
    kind: isReturn ? 'kretprobe' : 'kprobe',
    programFd,
    event: { ...probeEvent('kprobe', isReturn ? 'return' : 'entry'), config1: symbol, config2: Number(match[2] ?? 0) },
    operation: `attach program "${spec.name}" to kernel function ${symbol}`,
    causes: {
      ENOENT: `the kernel has no function ${symbol} that can be probed (see /proc/kallsyms)`,
      EINVAL: `${symbol} cannot be probed at this place`,
    },
  })
}

/** Type and flags of a dynamic event source; throws when the kernel was built without it. */
export function probeEvent(source: ProbeSource, when: 'entry' | 'return'): { type: number; config: number } {
  const root = `/sys/bus/event_source/devices/${source}`
  if (!existsSync(root)) throw new Error(`this kernel has no ${source}s (CONFIG_${source.toUpperCase()}S is off)`)
  const type = Number(readFileSync(`${root}/type`, 'utf8'))
  // "config:0": the bit of `config` that asks for the return probe
  const bit = Number(/config:(\d+)/.exec(readFileSync(`${root}/format/retprobe`, 'utf8'))?.[1] ?? 0)
  return { type, config: when === 'return' ? 2 ** bit : 0 }
}
