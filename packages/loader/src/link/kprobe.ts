/** kprobes and kretprobes: one function by the kernel's own perf event source (4.17), or many at once (5.18). */
import { existsSync, readFileSync } from 'node:fs'
import { arch } from 'node:process'
import { ATTACH_TYPE_IDS } from '@unplugin-bpf/core/object'
import { SyscallError } from '../errors.ts'
import { globPattern, isGlob, kernelFunctions, traceableFunctions } from '../kernel-functions.ts'
import { nearText } from '../near-names.ts'
import { attachTypeId, sectionRowOf } from '../program-type.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { withTexts } from '../sys/syscall.ts'
import { fdLink, type KernelLink } from './link.ts'
import { attachPerfEvent } from './perf-event.ts'
import { type AttachRequest, explain, targetsOf } from './request.ts'

export type ProbeSource = 'kprobe' | 'uprobe'

interface KernelPlace {
  readonly symbol: string
  readonly offset: number
}

/** A target is a function of the kernel, perhaps with an offset: `do_unlinkat`, `do_unlinkat+0x10`. */
export function attachKprobe(request: AttachRequest): KernelLink {
  const { spec } = request
  const isReturn = sectionRowOf(spec)?.onReturn === true
  const source = probeEvent('kprobe', isReturn ? 'return' : 'entry')
  const { symbol, offset } = firstFunction(
    request,
    targetsOf(request).map((target) => parseTarget(request, target)),
  )
  return attachPerfEvent({
    request,
    name: isReturn ? 'kretprobe' : 'kprobe',
    event: { ...source, config1: symbol, config2: offset },
    operation: `attach program "${spec.name}" to kernel function ${symbol}`,
    causes: {
      ENOENT: `the kernel has no function ${symbol} that can be probed${nearText(symbol, kernelFunctions())}`,
      EINVAL: `${symbol} cannot be probed at this place (see /sys/kernel/debug/kprobes/blacklist)`,
      EILSEQ: `+0x${offset.toString(16)} is not the beginning of an instruction`,
      EADDRNOTAVAIL: `${symbol} is one of several functions of this name; give it with an address that is its own`,
    },
  })
}

function parseTarget({ spec }: AttachRequest, target: string): KernelPlace {
  const match = /^([\w.$]+)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(target)
  if (!match)
    throw new TypeError(
      `program "${spec.name}": ${JSON.stringify(target)} does not name a kernel function, as "do_unlinkat" and "do_unlinkat+0x10" do`,
    )
  return { symbol: match[1]!, offset: Number(match[2] ?? 0) }
}

/** The first candidate that exists; the only one whatever it is, as then the kernel's own answer counts. */
function firstFunction({ spec }: AttachRequest, places: readonly KernelPlace[]): KernelPlace {
  const [first, ...others] = places
  if (first === undefined)
    throw new TypeError(
      `program "${spec.name}": the section "${spec.section}" does not name a kernel function, as "kprobe/do_unlinkat" does`,
    )
  if (others.length === 0) return first
  const found = places.find(({ symbol }) => kernelFunctions().has(symbol))
  if (found) return found
  const names = places.map(({ symbol }) => symbol).join(', ')
  throw new Error(
    `program "${spec.name}": the kernel has none of the functions ${names}${nearText(first.symbol, kernelFunctions())}`,
  )
}

/** Prefixes of system call entry points (arch/*_/include/asm/syscall_wrapper.h). */
const SYSCALL_PREFIX: Readonly<Record<string, string>> = { x64: '__x64_sys_', arm64: '__arm64_sys_' }

/** A target is the name of a system call: `unlinkat`. */
export function attachKsyscall(request: AttachRequest): KernelLink {
  const names = targetsOf(request)
  const prefix = SYSCALL_PREFIX[arch] ?? '__se_sys_'
  return attachKprobe({ ...request, options: { ...request.options, target: names.map((name) => `${prefix}${name}`) } })
}

/** BPF_F_KPROBE_MULTI_RETURN (include/uapi/linux/bpf.h) */
const MULTI_RETURN = 1

/** Targets are functions or patterns (`tcp_*`); all of them are probed by one link. */
export function attachKprobes(request: AttachRequest): KernelLink {
  const { spec, programFd, options } = request
  const symbols = targetsOf(request).flatMap((target) => matchingFunctions(request, target))
  if (symbols.length === 0)
    throw new TypeError(`program "${spec.name}": no kernel function is named; attach({ target: 'tcp_*' }) or a list`)
  const cookies = options.cookie === undefined ? undefined : u64Bytes(symbols.map(() => options.cookie!))
  const fd = withTexts(symbols, (addresses) =>
    bpf(ATTR.linkCreateKprobes, {
      prog_fd: programFd,
      attach_type: attachTypeId(spec.attachType) || ATTACH_TYPE_IDS.TRACE_KPROBE_MULTI,
      probe_flags: sectionRowOf(spec)?.onReturn ? MULTI_RETURN : 0,
      count: symbols.length,
      symbols: u64Bytes(addresses),
      ...(cookies && { cookies }),
    }),
  )
  if (fd >= 0) return fdLink('kprobe_multi', fd)
  throw new SyscallError(
    `attach program "${spec.name}" to ${symbols.length} kernel functions (${symbols.slice(0, 3).join(', ')}${symbols.length > 3 ? ', ...' : ''})`,
    -fd,
    explain('kprobe_multi', {
      ESRCH: `not all of them exist or can be traced${nearText(symbols[0]!, kernelFunctions())}`,
      EOPNOTSUPP: 'this kernel was built without CONFIG_FPROBE',
    }),
  )
}

function matchingFunctions({ spec }: AttachRequest, target: string): string[] {
  if (!isGlob(target)) return [target]
  const pattern = globPattern(target)
  const found = [...new Set(traceableFunctions().filter((name) => pattern.test(name)))]
  if (found.length === 0) throw new Error(`program "${spec.name}": no traceable kernel function matches ${target}`)
  return found
}

export function u64Bytes(values: readonly (number | bigint)[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values, BigInt).buffer)
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
