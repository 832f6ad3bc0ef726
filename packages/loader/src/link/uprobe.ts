/** uprobes and uretprobes: a function of a program or library, by its symbol or by its offset in the file. */
import { readFileSync, realpathSync } from 'node:fs'
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import type { Link } from '@unplugin-bpf/core/runtime'
import { symbolFileOffset } from '../elf-symbol.ts'
import { sectionRowOf } from '../program-type.ts'
import { probeEvent } from './kprobe.ts'
import { attachPerfEvent } from './perf-event.ts'

export interface UprobePlace {
  readonly path: string
  /** Bytes from the start of the file. */
  readonly offset: number
}

/** `target` is `/path/to/file:function`, `:function+0x10` or `:0x1234` (an offset in the file). */
export function attachUprobe(spec: ProgramSpec, programFd: number, options: UprobeOptions): Link {
  const { path, offset } = resolveUprobe(spec, options.target)
  const isReturn = sectionRowOf(spec)?.onReturn === true
  return attachPerfEvent({
    kind: isReturn ? 'uretprobe' : 'uprobe',
    programFd,
    event: { ...probeEvent('uprobe', isReturn ? 'return' : 'entry'), config1: path, config2: offset, pid: options.pid },
    operation: `attach program "${spec.name}" to ${path} at offset 0x${offset.toString(16)}`,
    causes: { ESRCH: `there is no process ${options.pid}`, EINVAL: 'there is no instruction at this offset' },
  })
}

export interface UprobeOptions {
  readonly target: string | undefined
  /** Only this process; all by default. */
  readonly pid: number | undefined
}

function resolveUprobe(spec: ProgramSpec, target: string | undefined): UprobePlace {
  const match = /^(.+?):(?:(0x[0-9a-f]+|\d+)|([\w.@$]+)(?:\+(0x[0-9a-f]+|\d+))?)$/i.exec(target ?? '')
  if (!match)
    throw new TypeError(
      `program "${spec.name}": attaching needs a file and a function: attach({ target: '/usr/bin/node:uv_run' })`,
    )
  // The kernel compares inodes, and a path that goes through a link later would be another one.
  const path = realpathSync(match[1]!)
  if (match[2] !== undefined) return { path, offset: Number(match[2]) }
  const offset = symbolFileOffset(readFileSync(path), match[3]!)
  if (offset === undefined) throw new Error(`${path} has no function ${match[3]} in its symbol tables`)
  return { path, offset: offset + Number(match[4] ?? 0) }
}
