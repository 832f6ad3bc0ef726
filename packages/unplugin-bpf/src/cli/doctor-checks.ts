/**
 * What `doctor` looks at: one row per check, with an id that scripts may rely on. A check returns what it found and,
 * where something can be done, what; it never throws and changes nothing.
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import {
  atLeast,
  type Capability,
  fileCapabilities,
  type KernelFeatures,
  kernelUsable,
  memlockCounts,
  missingCapabilities,
  type Presence,
  probeFeatures,
  readSystemState,
  type SystemState,
} from '@unplugin-bpf/loader'

/** `failure`: programs cannot be loaded here at all. `warning`: something of the product does not work. */
export type Status = 'ok' | 'warning' | 'failure' | 'unknown'

export interface Finding {
  readonly status: Status
  readonly message: string
  /** What to do about it. */
  readonly remedy?: string
  /** Machine-readable particulars. */
  readonly details?: Readonly<Record<string, unknown>>
}

interface Surroundings {
  readonly state: SystemState
  /** Undefined when the kernel cannot be asked. */
  readonly features: KernelFeatures | undefined
}

interface Check {
  readonly id: string
  /** Left column of the report. */
  readonly title: string
  readonly run: (around: Surroundings) => Finding
}

export interface CheckResult extends Finding {
  readonly id: string
  readonly title: string
}

/** Raw bpf(2) features that the product cannot do without: ring buffers and links are of 5.7 and 5.8. */
const OLDEST_KERNEL = '5.8'
const ALL_CAPABILITIES: readonly Capability[] = ['BPF', 'NET_ADMIN', 'PERFMON']

const ok = (message: string, details?: Finding['details']): Finding => ({
  status: 'ok',
  message,
  ...(details && { details }),
})

export const CHECKS: readonly Check[] = [
  { id: 'node-version', title: 'Node', run: () => ok(process.version) },
  { id: 'platform', title: 'system', run: checkPlatform },
  { id: 'kernel-version', title: 'kernel', run: ({ state }) => checkKernel(state) },
  { id: 'addon', title: 'native addon', run: checkAddon },
  { id: 'bpf-syscall', title: 'bpf(2)', run: checkSyscall },
  { id: 'process-capabilities', title: 'this process', run: ({ state }) => checkProcess(state) },
  { id: 'node-capabilities', title: 'node binary', run: ({ state }) => checkBinary(state) },
  { id: 'unprivileged-bpf', title: 'unprivileged bpf', run: ({ state }) => checkUnprivileged(state) },
  { id: 'lockdown', title: 'lockdown', run: ({ state }) => checkLockdown(state) },
  { id: 'confinement', title: 'confinement', run: ({ state }) => checkConfinement(state) },
  { id: 'jit', title: 'JIT', run: checkJit },
  { id: 'btf', title: 'kernel BTF', run: checkBtf },
  { id: 'tracefs', title: 'tracefs', run: checkTracefs },
  { id: 'bpffs', title: 'bpffs', run: () => checkMount('bpf', '/sys/fs/bpf', 'pinned maps and links need it') },
  { id: 'cgroup2', title: 'cgroup v2', run: checkCgroup },
  { id: 'program-types', title: 'program types', run: ({ features }) => checkFeatures(features?.programTypes) },
  { id: 'map-types', title: 'map types', run: ({ features }) => checkFeatures(features?.mapTypes) },
  { id: 'helpers', title: 'helpers', run: ({ features }) => checkFeatures(features?.helpers) },
  { id: 'attach-kinds', title: 'attach kinds', run: ({ features }) => checkAttachKinds(features?.attachKinds) },
  { id: 'memlock', title: 'locked memory', run: ({ state }) => checkMemlock(state) },
  { id: 'tool-ip', title: 'ip', run: () => checkTool('ip', 'makes veth pairs and namespaces for trying programs') },
  { id: 'tool-tc', title: 'tc', run: () => checkTool('tc', 'shows TC programs; attaching does not need it') },
]

export function runChecks(): CheckResult[] {
  const around = { state: readSystemState(), features: features() }
  return CHECKS.map(({ id, title, run }) => ({ id, title, ...run(around) }))
}

function features(): KernelFeatures | undefined {
  return kernelUsable().ok ? probeFeatures() : undefined
}

function checkPlatform(): Finding {
  const name = `${process.platform}-${process.arch}`
  if (process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)) return ok(name)
  return {
    status: 'warning',
    message: `${name}: programs compile and run in the VM; a kernel needs linux-x64 or linux-arm64`,
    remedy: "load({ backend: 'vm' }) or 'auto'",
  }
}

function checkKernel({ release }: SystemState): Finding {
  if (process.platform !== 'linux') return { status: 'unknown', message: 'not Linux' }
  if (atLeast(release, OLDEST_KERNEL)) return ok(release)
  return {
    status: 'failure',
    message: `${release}: Linux ${OLDEST_KERNEL} or later is needed`,
    remedy: 'update the kernel; until then use the VM',
  }
}

function checkAddon(): Finding {
  try {
    // The attribute of any file: reading it goes through the addon.
    fileCapabilities(process.execPath)
    return ok('loads')
  } catch (error) {
    return { status: 'failure', message: (error as Error).message, remedy: 'reinstall @unplugin-bpf/loader' }
  }
}

function checkSyscall(): Finding {
  const usable = kernelUsable()
  if (usable.ok) return ok('a program loads')
  const [message = '', ...remedy] = usable.reason.split('\n')
  return {
    status: 'failure',
    message,
    ...(remedy.length > 0 && { remedy: remedy.map((line) => line.trim()).join('; ') }),
  }
}

function checkProcess(state: SystemState): Finding {
  if (state.capabilities === undefined) return { status: 'unknown', message: '/proc/self/status cannot be read' }
  const missing = missingCapabilities(state, ALL_CAPABILITIES)
  const details = { missing: missing.map((name) => `CAP_${name}`) }
  if (missing.length === 0) return ok('CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON', details)
  return {
    status: missing.includes('BPF') ? 'failure' : 'warning',
    message: `lacks ${details.missing.join(', ')}`,
    remedy: setcapCommand(),
    details,
  }
}

function setcapCommand(): string {
  const wanted = ALL_CAPABILITIES.map((name) => `cap_${name.toLowerCase()}`).join(',')
  return `run as root, or: sudo setcap ${wanted}+ep ${process.execPath}`
}

function checkBinary(state: SystemState): Finding {
  try {
    const found = fileCapabilities(process.execPath).map((name) => `CAP_${name}`)
    if (found.length > 0) return ok(`${process.execPath}: ${found.join(', ')}`, { capabilities: found })
    const message = `${process.execPath} has no file capabilities`
    // Whoever has them already does not need them from the file.
    if (missingCapabilities(state, ALL_CAPABILITIES).length === 0) return ok(message, { capabilities: found })
    return { status: 'warning', message, remedy: setcapCommand(), details: { capabilities: found } }
  } catch {
    return { status: 'unknown', message: 'cannot be read without the native addon' }
  }
}

function checkUnprivileged({ unprivilegedDisabled: value }: SystemState): Finding {
  if (value === undefined) return { status: 'unknown', message: 'kernel.unprivileged_bpf_disabled cannot be read' }
  const message = `kernel.unprivileged_bpf_disabled = ${value}`
  if (value !== 0) return ok(`${message}: capabilities are needed, as usual`, { value })
  return {
    status: 'warning',
    message: `${message}: every user may load some programs`,
    remedy: 'sysctl kernel.unprivileged_bpf_disabled=2, unless this is wanted',
    details: { value },
  }
}

function checkLockdown({ lockdown }: SystemState): Finding {
  if (lockdown === undefined) return ok('not built in')
  if (lockdown !== 'confidentiality') return ok(lockdown, { mode: lockdown })
  return {
    status: 'warning',
    message: 'confidentiality: programs cannot read kernel memory',
    remedy: 'boot without lockdown=confidentiality (secure boot may set it)',
    details: { mode: lockdown },
  }
}

function checkConfinement({ seccomp, userNamespace }: SystemState): Finding {
  const details = { seccomp, userNamespace }
  if (userNamespace)
    return {
      status: 'warning',
      message: 'a user namespace: capabilities do not count towards BPF here',
      remedy: 'run in the initial user namespace',
      details,
    }
  if (seccomp)
    return {
      status: 'warning',
      message: 'a seccomp filter is installed and may refuse bpf(2)',
      remedy: 'in a container: --security-opt seccomp=unconfined',
      details,
    }
  return ok('no seccomp filter, no user namespace', details)
}

function checkJit(): Finding {
  const value = readText('/proc/sys/net/core/bpf_jit_enable')
  if (value === undefined) return { status: 'unknown', message: 'net.core.bpf_jit_enable cannot be read' }
  if (value !== '0') return ok(`net.core.bpf_jit_enable = ${value}`, { value: Number(value) })
  return {
    status: 'warning',
    message: 'off: programs are interpreted, and some kinds do not load',
    remedy: 'sysctl net.core.bpf_jit_enable=1',
    details: { value: 0 },
  }
}

function checkBtf(): Finding {
  const path = '/sys/kernel/btf/vmlinux'
  if (isReadable(path)) return ok(path)
  return {
    status: 'warning',
    message: `${path} cannot be read: programs that name kernel types do not compile or load`,
    remedy: "a kernel with CONFIG_DEBUG_INFO_BTF, or --btf with the kernel's BTF from BTFHub",
  }
}

function checkTracefs(): Finding {
  const found = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].find((path) => isReadable(join(path, 'events')))
  if (found !== undefined) return ok(found, { path: found })
  return {
    status: 'warning',
    message: 'not readable: tracepoints and kprobes do not attach, deftracepoint uses the shipped table',
    remedy: 'mount -t tracefs tracefs /sys/kernel/tracing; as another user: chmod a+rx, or chgrp, that folder',
  }
}

function checkMount(type: string, path: string, why: string): Finding {
  if (mounts().some((mount) => mount.path === path && mount.type === type)) return ok(path)
  return { status: 'warning', message: `not mounted at ${path}; ${why}`, remedy: `mount -t ${type} ${type} ${path}` }
}

function checkCgroup(): Finding {
  const found = mounts().find((mount) => mount.type === 'cgroup2')
  if (found) return ok(found.path, { path: found.path })
  return {
    status: 'warning',
    message: 'not mounted: cgroup programs have nothing to attach to',
    remedy: 'mount -t cgroup2 none /sys/fs/cgroup',
  }
}

function checkFeatures(answers: Readonly<Record<string, Presence>> | undefined): Finding {
  if (!answers) return { status: 'unknown', message: 'the kernel cannot be asked (see bpf-syscall)' }
  const named = (presence: Presence): string[] =>
    Object.entries(answers).flatMap(([name, answer]) => (answer === presence ? [name] : []))
  const missing = named('no')
  const details = { present: named('yes'), missing, unknown: named('unknown') }
  const count = `${details.present.length} of ${Object.keys(answers).length}`
  const parts = [
    missing.length > 0 ? `without ${missing.join(', ')}` : '',
    details.unknown.length > 0 ? `not asked: ${details.unknown.join(', ')}` : '',
  ].filter((part) => part !== '')
  return ok([count, ...parts].join('; '), details)
}

function checkAttachKinds(answers: KernelFeatures['attachKinds'] | undefined): Finding {
  if (!answers) return { status: 'unknown', message: 'the kernel cannot be asked (see bpf-syscall)' }
  const kinds: Record<string, string[]> = {}
  for (const [kind, answer] of Object.entries(answers))
    if (answer !== 'none') kinds[answer] = [...(kinds[answer] ?? []), kind]
  const { no: missing = [], unknown = [], ...by } = kinds
  const parts = Object.entries(by).map(([way, names]) => `by ${way}: ${names.join(', ')}`)
  if (missing.length > 0) parts.push(`without ${missing.join(', ')}`)
  if (unknown.length > 0) parts.push(`not asked: ${unknown.join(', ')}`)
  return ok(parts.join('; '), { by, missing, unknown })
}

/** The limit as the process has it now: on old kernels the loader raises it when it is first used. */
function checkMemlock({ release }: SystemState): Finding {
  if (process.platform !== 'linux') return { status: 'unknown', message: 'not Linux' }
  if (!memlockCounts(release)) return ok('not counted (since Linux 5.11)')
  const limit = /^Max locked memory\s+(\S+)/m.exec(readText('/proc/self/limits') ?? '')?.[1]
  if (limit === undefined) return { status: 'unknown', message: '/proc/self/limits cannot be read' }
  if (limit === 'unlimited') return ok('no limit', { limit })
  return {
    status: 'warning',
    message: `maps and programs may take ${limit} bytes (RLIMIT_MEMLOCK)`,
    remedy:
      'ulimit -l unlimited, LimitMEMLOCK=infinity in a systemd unit, or CAP_SYS_RESOURCE, with which the loader raises it',
    details: { limit },
  }
}

function checkTool(name: string, use: string): Finding {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
  if (found) return ok(found)
  return { status: 'warning', message: `not found; ${use}`, remedy: 'install iproute2' }
}

function mounts(): { readonly path: string; readonly type: string }[] {
  const lines = readText('/proc/self/mounts')?.split('\n') ?? []
  return lines.map((line) => {
    const [, path = '', type = ''] = line.split(' ')
    return { path, type }
  })
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
