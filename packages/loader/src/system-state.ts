/**
 * What decides whether this process may use BPF: its capabilities, the kernel's version and the switches that forbid
 * things. Read from /proc and /sys when an error has to be explained; a value that cannot be read is undefined.
 */
import { readFileSync } from 'node:fs'
import { release } from 'node:os'

/** Bit numbers of include/uapi/linux/capability.h. */
export const CAPABILITY_BITS = { NET_ADMIN: 12, SYS_ADMIN: 21, PERFMON: 38, BPF: 39 } as const
export type Capability = keyof typeof CAPABILITY_BITS

export interface SystemState {
  /** Effective capabilities; undefined when /proc is not readable. */
  readonly capabilities: bigint | undefined
  /** `6.18.44-generic` */
  readonly release: string
  /** `none`, `integrity` or `confidentiality`. */
  readonly lockdown: string | undefined
  /** 0: everybody may load some programs; 1, 2: only with CAP_BPF. */
  readonly unprivilegedDisabled: number | undefined
  /** A seccomp filter is installed, as container runtimes do. */
  readonly seccomp: boolean
  /** User ids are mapped: capabilities do not count towards BPF there. */
  readonly userNamespace: boolean
}

export function readSystemState(): SystemState {
  const status = readText('/proc/self/status') ?? ''
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1]
  const disabled = readText('/proc/sys/kernel/unprivileged_bpf_disabled')
  return {
    capabilities: effective === undefined ? undefined : BigInt(`0x${effective}`),
    release: release(),
    lockdown: /\[(\w+)\]/.exec(readText('/sys/kernel/security/lockdown') ?? '')?.[1],
    unprivilegedDisabled: disabled === undefined ? undefined : Number(disabled),
    seccomp: /^Seccomp:\s*2/m.test(status),
    userNamespace: !/^\s*0\s+0\s+4294967295\s*$/.test(readText('/proc/self/uid_map') ?? '0 0 4294967295'),
  }
}

/** Those of `needed` that are missing. CAP_SYS_ADMIN stands for BPF and PERFMON (include/linux/capability.h). */
export function missingCapabilities(state: SystemState, needed: readonly Capability[]): Capability[] {
  const { capabilities } = state
  if (capabilities === undefined) return []
  const has = (name: Capability) => ((capabilities >> BigInt(CAPABILITY_BITS[name])) & 1n) === 1n
  return needed.filter((name) => !has(name) && !(name !== 'NET_ADMIN' && has('SYS_ADMIN')))
}

/** Whether `release` is at least `version` (`5.11`). */
export function atLeast(release: string, version: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10))
  const [wantMajor = 0, wantMinor = 0] = version.split('.').map(Number)
  return major > wantMajor || (major === wantMajor && minor >= wantMinor)
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
