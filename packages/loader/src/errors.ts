/**
 * The two errors that working with a kernel gives. A `SyscallError` says what was attempted, the errno by name, the
 * likely cause and what helps; a `VerifierError` points at the line of the program that the verifier refused. `code` is
 * the errno's name in both, as in Node's own errors.
 */
import { type ProgramSpec, renderFrame, sourceFile } from '@unplugin-bpf/core/object'
import { ERRNO, errnoName } from './sys/errno.ts'
import { atLeast, type Capability, missingCapabilities, readSystemState, type SystemState } from './system-state.ts'
import { verifierHint } from './verifier-hints.ts'
import { parseVerifierLog } from './verifier-log.ts'

/** What helps to explain a failure. */
export interface FailureContext {
  /** Capabilities that the call needs. */
  readonly needs?: readonly Capability[]
  /** First kernel that has the feature. */
  readonly since?: string | undefined
  /** Explanations for errno values that mean something particular here. */
  readonly causes?: Readonly<Record<string, string>>
}

export class SyscallError extends Error {
  /** `EPERM` */
  readonly code: string
  readonly errno: number
  /** What was attempted (`create map "events"`). */
  readonly operation: string
  /** Likely cause and remedy, when one is known. */
  readonly hint: string | undefined

  constructor(operation: string, errno: number, context: FailureContext = {}) {
    const code = errnoName(errno)
    const hint = explainFailure(errno, context, readSystemState())
    super(`cannot ${operation}: ${code}${hint === undefined ? '' : `\n  ${hint}`}`)
    this.name = 'SyscallError'
    this.code = code
    this.errno = errno
    this.operation = operation
    this.hint = hint
  }
}

/** Returns a system call's result, or throws for a negative errno. */
export function checkSyscall(result: number, operation: string, context: FailureContext = {}): number {
  if (result < 0) throw new SyscallError(operation, -result, context)
  return result
}

export function explainFailure(errno: number, context: FailureContext, state: SystemState): string | undefined {
  const refused = errno === ERRNO.EPERM || errno === ERRNO.EACCES
  const needs = context.needs ?? ['BPF']
  if (context.since !== undefined && !refused && !atLeast(state.release, context.since))
    return `this needs Linux ${context.since}, and this is ${state.release}`
  const particular = context.causes?.[errnoName(errno)]
  // A missing capability explains a refusal better than anything particular.
  if (particular !== undefined && !(refused && missingCapabilities(state, needs).length > 0)) return particular
  switch (errno) {
    case ERRNO.EPERM:
    case ERRNO.EACCES:
      return explainRefusal(needs, state)
    case ERRNO.ENOSYS:
      return 'this kernel was built without bpf(2), or a sandbox hides it (gVisor does)'
    case ERRNO.EMFILE:
      return 'too many open files; close objects that are not needed, or raise the limit: ulimit -n 65536'
    case ERRNO.ENOMEM:
      return 'not enough memory for a map or program of this size'
    default:
      return undefined
  }
}

/** EPERM has many sources; the first that applies is the likely one. */
function explainRefusal(needs: readonly Capability[], state: SystemState): string | undefined {
  const missing = missingCapabilities(state, needs)
  if (missing.length > 0) return explainMissing(missing, needs, state)
  if (!atLeast(state.release, '5.11'))
    return `Linux before 5.11 counts BPF memory against RLIMIT_MEMLOCK (this is ${state.release}): ulimit -l unlimited, LimitMEMLOCK=infinity in a systemd unit, or CAP_SYS_RESOURCE, with which the loader raises it`
  if (state.lockdown !== undefined && state.lockdown !== 'none')
    return `the kernel is locked down (${state.lockdown}, see /sys/kernel/security/lockdown), which secure boot switches on`
  if (state.userNamespace)
    return 'the process is in a user namespace, where capabilities do not allow BPF; run it in the initial one'
  if (state.seccomp)
    return 'the capabilities are there, but a seccomp filter may refuse bpf(2); in a container: --security-opt seccomp=unconfined'
  return undefined
}

function explainMissing(missing: readonly Capability[], needs: readonly Capability[], state: SystemState): string {
  const names = missing.map((name) => `CAP_${name}`)
  const wanted = needs.map((name) => `cap_${name.toLowerCase()}`).join(',')
  const unprivileged =
    missing.includes('BPF') && state.unprivilegedDisabled ? ' (kernel.unprivileged_bpf_disabled is set, as usual)' : ''
  return [
    `the process lacks ${names.join(' and ')}${unprivileged}`,
    `run it as root, or allow Node to: sudo setcap ${wanted}+ep ${process.execPath}`,
    `in a container: ${names.map((name) => `--cap-add ${name}`).join(' ')}`,
  ].join('\n  ')
}

export class VerifierError extends Error {
  readonly code: string
  readonly errno: number
  /** ELF name of the program. */
  readonly program: string
  /** The kernel's reason, in one line. */
  readonly reason: string
  /** Slot at which the verifier stopped, when the log names one. */
  readonly slot: number | undefined
  /** Position in the source, when the program has line information. */
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | undefined
  /** The kernel's whole log. */
  readonly log: string

  /** `missing`: what the program asked of the kernel (CO-RE) and it does not have, by slot. */
  constructor(program: ProgramSpec, errno: number, log: string, missing: ReadonlyMap<number, string> = new Map()) {
    const { slot, suggestion, ...parsed } = parseVerifierLog(log)
    const lacks = slot === undefined ? undefined : missing.get(slot)
    const reason = lacks === undefined ? parsed.reason : `this kernel has no \`${lacks}\`, which the program reads`
    // clang marks instructions that belong to no line with line 0.
    const location =
      slot === undefined ? undefined : program.lines.findLast((line) => line.slot <= slot && line.line > 0)
    const place = location ? `${location.file}:${location.line}:${location.column}: ` : ''
    const lines = [`${place}the kernel refuses program "${program.name}": ${reason}`]
    if (location) lines.push(frameOf(location))
    else if (slot !== undefined) lines.push(`  at slot ${slot}; the program has no line information`)
    const hint =
      lacks === undefined
        ? (suggestion ?? verifierHint(reason))
        : 'ask `core-field-exists` (bpf_core_field_exists in C) before reading it, or read what this kernel has instead'
    if (hint !== undefined) lines.push(`  hint: ${hint}`)
    lines.push(...excerptOf(log))
    super(lines.join('\n'))
    this.name = 'VerifierError'
    this.code = errnoName(errno)
    this.errno = errno
    this.program = program.name
    this.reason = reason
    this.slot = slot
    this.location = location && { file: location.file, line: location.line, column: location.column }
    this.log = log
  }
}

/** The code frame that compile errors have, too. Only the one line of the file is known. */
function frameOf(location: { file: string; line: number; column: number; text: string }): string {
  const before = '\n'.repeat(location.line - 1)
  const start = before.length + Math.max(1, location.column) - 1
  return renderFrame({ file: sourceFile(location.file, before + location.text), start, end: start + 1 })
}

const EXCERPT_LINES = 8

function excerptOf(log: string): string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '')
  const shown = lines.slice(-EXCERPT_LINES).map((line) => `    ${line}`)
  const left = lines.length - shown.length
  return [left > 0 ? `  kernel log (the first ${left} lines are in error.log):` : '  kernel log:', ...shown]
}
