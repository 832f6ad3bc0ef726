/** What a simulated program and its runs look like. Everything follows from the type of the imported module. */
import type { ParsedPacket } from '@unplugin-bpf/core/packets'
import type {
  ArrayMap,
  BackendKind,
  HashMap,
  MapHandle,
  ModuleShape,
  PerCpuArrayMap,
  PerCpuHashMap,
  Redirect,
  RingBuffer,
} from '@unplugin-bpf/core/runtime'
import type { KernelFields, KernelObject, VmTask } from '@unplugin-bpf/core/vm'
import type { Coverage } from './coverage.ts'
import type { Faults } from './faults.ts'

export type XdpVerdict = 'XDP_ABORTED' | 'XDP_DROP' | 'XDP_PASS' | 'XDP_TX' | 'XDP_REDIRECT'
export type TcVerdict =
  | 'TC_ACT_UNSPEC'
  | 'TC_ACT_OK'
  | 'TC_ACT_RECLASSIFY'
  | 'TC_ACT_SHOT'
  | 'TC_ACT_PIPE'
  | 'TC_ACT_STOLEN'
  | 'TC_ACT_QUEUED'
  | 'TC_ACT_REPEAT'
  | 'TC_ACT_REDIRECT'
  | 'TC_ACT_TRAP'

/** Names where the program type has verdicts; the number when the program returned something without a name. */
export type VerdictOf<P> = P extends { readonly type: 'xdp' }
  ? XdpVerdict | number
  : P extends { readonly type: 'sched_cls' | 'sched_act' }
    ? TcVerdict | number
    : string | number

/** Objects that were not compiled by the plugin: names and types are known at run time only. */
export interface LooseShape extends ModuleShape {
  // biome-ignore lint/suspicious/noExplicitAny: nothing is known before the object is read
  readonly maps: Readonly<Record<string, any>>
  readonly programs: Readonly<Record<string, { readonly type: string }>>
  readonly structs: object
  readonly constants: object
}

type RecordOf<M> = M extends RingBuffer<infer E> ? E : Uint8Array

/** A record of a ring buffer or perf event array, in the order of sending within each map. */
export type SimulatedEvent<S extends ModuleShape> = {
  readonly [K in keyof S['maps'] & string]: { readonly map: K; readonly value: RecordOf<S['maps'][K]> }
}[keyof S['maps'] & string]

/** A source line that was reached; a line is told once for as long as the program stays on it. */
export interface TraceLine {
  readonly program: string
  readonly file: string
  /** 1-based. */
  readonly line: number
  readonly column: number
  readonly text: string
  /** BPF-to-BPF calls above it. */
  readonly depth: number
}

/** What code did besides its result. */
export interface Effects<S extends ModuleShape = LooseShape> {
  readonly events: readonly SimulatedEvent<S>[]
  /** Empty on the kernel. */
  readonly trace: readonly TraceLine[]
  /** Lines of trace_printk; empty on the kernel. */
  readonly printed: readonly string[]
}

export interface SimulatedRun<S extends ModuleShape = LooseShape, P = unknown> extends Effects<S> {
  readonly retval: VerdictOf<P>
  /** r0, unsigned 32 bits. */
  readonly code: number
  /** The packet afterwards; empty for programs without one. */
  readonly packet: Uint8Array
  /** The packet's headers, read when asked for. */
  readonly layers: ParsedPacket
  /** The context afterwards, where there is one to give back. */
  readonly ctx: Uint8Array | undefined
  /** The same by the kernel's field names, read when asked for. */
  readonly context: ContextValues | undefined
  /** Where the packet was redirected to; VM only. */
  readonly redirect: Redirect | undefined
}

/** Numbers, bigints for 64 bits, arrays of them. */
export type ContextValues = Readonly<Record<string, number | bigint | readonly (number | bigint)[]>>

/** Fields of the context by the kernel's name or in camelCase; the rest is zero. Addresses may be text. */
export type ContextFields = Readonly<Record<string, number | bigint | string | Uint8Array | readonly number[]>>

export interface SimulatedRunOptions {
  /** Bytes in the kernel's layout, or fields. */
  readonly ctx?: Uint8Array | ContextFields | undefined
  /** CPU of this run. */
  readonly cpu?: number | undefined
  /** The process that the helpers see in this run. */
  readonly task?: Partial<VmTask> | undefined
  /** What `get_socket_cookie` gives. Default 1. */
  readonly socketCookie?: bigint | undefined
}

type PacketType = 'xdp' | 'sched_cls' | 'sched_act' | 'cgroup_skb' | 'socket_filter'

export type SimulatedProgram<S extends ModuleShape, P> = {
  /** ELF name. */
  readonly name: string
  readonly section: string
  readonly type: string
  /** `run` takes a packet; a context otherwise. */
  readonly takesPacket: boolean
} & (P extends { readonly type: PacketType }
  ? { run(packet: Uint8Array, options?: SimulatedRunOptions): SimulatedRun<S, P> }
  : { run(input?: Uint8Array | ContextFields, options?: SimulatedRunOptions): SimulatedRun<S, P> })

/** Content that a map starts with. */
export type MapSeed<M> =
  M extends HashMap<infer K, infer V>
    ? Iterable<readonly [K, V]> | (K extends string | number ? Readonly<Record<K, V>> : never)
    : M extends ArrayMap<infer V>
      ? readonly V[] | Readonly<Record<number, V>> | ReadonlyMap<number, V>
      : M extends PerCpuHashMap<infer K, infer V>
        ? Iterable<readonly [K, V | readonly V[]]>
        : M extends PerCpuArrayMap<infer V>
          ? Readonly<Record<number, V | readonly V[]>> | ReadonlyMap<number, V | readonly V[]>
          : M extends MapHandle
            ? never
            : unknown
export type MapSeeds<S extends ModuleShape> = { readonly [K in keyof S['maps']]?: MapSeed<S['maps'][K]> | undefined }

export interface SimulateOptions<S extends ModuleShape = LooseShape> {
  /** Default `vm`: any system, no privilege. `kernel`: PROG_TEST_RUN; `auto`: the kernel where it is usable. */
  readonly backend?: BackendKind | 'auto' | undefined
  readonly maps?: MapSeeds<S> | undefined
  /** Values of rodata variables. */
  readonly constants?: (S extends { readonly rodata: infer R } ? Partial<R> : undefined) | undefined
  /** Possible CPUs (VM). Default 1. */
  readonly cpus?: number | undefined
  /** Of `get_prandom_u32` (VM). Default 1. */
  readonly seed?: number | undefined
  /** Where virtual time begins, in nanoseconds (VM). Default one second. */
  readonly now?: bigint | undefined
  /** The process that the helpers see (VM). */
  readonly task?: Partial<VmTask> | undefined
  /** Members of that process's `task_struct`, for programs that read it (VM). */
  readonly taskStruct?: KernelFields | undefined
  /** Instructions of one run (VM). Default 1,000,000. */
  readonly insnLimit?: number | undefined
}

/** A loaded object under test. `using` or `close()` frees it, which matters for the kernel only. */
export interface Simulation<S extends ModuleShape = LooseShape> extends Disposable {
  readonly backend: BackendKind
  readonly programs: { readonly [K in keyof S['programs']]: SimulatedProgram<S, S['programs'][K]> }
  readonly maps: S['maps']
  readonly globals: S extends { readonly globals: infer G } ? G : object
  /** Writes entries into maps. */
  seed(maps: MapSeeds<S>): void
  /** Content of all maps as plain data, for snapshots. */
  snapshot(): MapsSnapshot
  /** Lays out a kernel object that programs can read; its address, for contexts that hold pointers (VM). */
  placeObject(object: KernelObject): bigint
  /** Makes helpers fail (VM). */
  readonly faults: Faults<S>
  /** Nanoseconds of virtual time (VM). */
  readonly now: bigint
  /** Moves virtual time on, and runs the timers that expire; a number is milliseconds, a bigint nanoseconds (VM). */
  advance(time: number | bigint): Effects<S>
  /** Source lines reached by all runs so far; no lines on the kernel. */
  readonly coverage: Coverage
  close(): void
}

/** By map key: entries in a stable order. */
export type MapsSnapshot = Readonly<Record<string, unknown>>
