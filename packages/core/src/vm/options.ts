/** What the host may choose about a VM; every option has a default that needs nothing from the host. */
import type { HelperHook } from './helpers/hook.ts'
import type { KernelFields } from './kernel-objects.ts'
import type { StepHook } from './trace.ts'

export interface VmTask {
  readonly pid: number
  readonly tgid: number
  readonly uid: number
  readonly gid: number
  /** At most 15 bytes. */
  readonly comm: string
}

export interface PerfEvent {
  /** ELF name of the perf event array. */
  readonly map: string
  readonly cpu: number
  readonly data: Uint8Array
}

/** `interpreter`: the reference, instruction by instruction. `wasm`: translated to WebAssembly; same results. */
export type VmEngine = 'wasm' | 'interpreter'

export interface VmOptions {
  /** Default: where the host has WebAssembly and no `onStep` is given, `wasm` from a program's fifth run on. */
  readonly engine?: VmEngine | undefined
  /** Possible CPUs: values behind one key of a per-CPU map. Default 1. */
  readonly cpus?: number | undefined
  /** CPU that programs run on. Default 0. */
  readonly cpu?: number | undefined
  /** Seed of `get_prandom_u32`. Default 1. */
  readonly seed?: number | undefined
  /** Nanoseconds for the ktime helpers. Default: the host's clock. */
  readonly now?: (() => bigint) | undefined
  /** Instructions that one run may execute, tail calls included. Default 1,000,000. */
  readonly insnLimit?: number | undefined
  /** What the current-task helpers see. */
  readonly task?: Partial<VmTask> | undefined
  /** Members of the `task_struct` of that task, for programs that read it; pid, tgid and comm are those of `task`. */
  readonly taskStruct?: KernelFields | undefined
  /** What `get_socket_cookie` gives: the socket of a packet or connection. Default 1. */
  readonly socketCookie?: bigint | undefined
  /** Byte that fills stack frames, which the kernel leaves uninitialised. Default 0xa5. */
  readonly stackFill?: number | undefined
  /** A line written with trace_printk. */
  readonly onPrintk?: ((text: string) => void) | undefined
  readonly onPerfEvent?: ((event: PerfEvent) => void) | undefined
  /** Called before every instruction; only the interpreter does. */
  readonly onStep?: StepHook | undefined
  /** Called before every helper; a number that it returns is the helper's result. */
  readonly onHelper?: HelperHook | undefined
}

/** What may change between two runs. */
export interface Surroundings {
  cpu: number
  task: VmTask
  socketCookie: bigint
}

export interface SurroundingChanges {
  readonly cpu?: number | undefined
  readonly task?: Partial<VmTask> | undefined
  readonly socketCookie?: bigint | undefined
}

export type VmSettings = {
  readonly [K in 'cpus' | 'insnLimit' | 'stackFill']: number
} & {
  readonly now: () => bigint
} & Surroundings &
  Pick<VmOptions, 'onPrintk' | 'onPerfEvent' | 'onStep'>

const DEFAULT_TASK: VmTask = { pid: 1000, tgid: 1000, uid: 0, gid: 0, comm: 'vm' }

export function settingsOf(options: VmOptions): VmSettings {
  return {
    cpus: options.cpus ?? 1,
    cpu: options.cpu ?? 0,
    insnLimit: options.insnLimit ?? 1_000_000,
    stackFill: options.stackFill ?? 0xa5,
    now: options.now ?? hostClock(),
    task: { ...DEFAULT_TASK, ...options.task },
    socketCookie: options.socketCookie ?? 1n,
    onPrintk: options.onPrintk,
    onPerfEvent: options.onPerfEvent,
    onStep: options.onStep,
  }
}

/** Milliseconds of the host, made strictly increasing by counting nanoseconds up between two reads. */
function hostClock(): () => bigint {
  let last = 0n
  return () => {
    const now = BigInt(Date.now()) * 1_000_000n
    last = now > last ? now : last + 1n
    return last
  }
}
