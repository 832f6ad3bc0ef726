/** Program constructors: live values that hold a handler. Types in `program-types.ts` and `generated/programs.ts`. */
import type {
  CgroupProgram,
  IteratorProgram,
  KprobeProgram,
  OtherProgram,
  RawTracepointProgram,
  TracepointProgram,
  TracingProgram,
  UprobeProgram,
} from '../runtime/types.ts'
import { matchSection } from '../tables/sections.ts'
import type { StructType } from '../types/types.ts'
import { define, defOf, describe, expectDef } from './define.ts'
import type { ContextPrograms, PtRegs } from './generated/programs.ts'
import type { Tracepoints } from './generated/tracepoints.ts'
import type { ContextDef, ParamType, ProgramDef } from './program-def.ts'
import { CONTEXT_PROGRAMS, type ContextProgramName } from './program-rows.ts'
import type {
  ArgsContext,
  ArgsProgram,
  ExitProgram,
  Ignored,
  ProbeOptions,
  Program,
  ReturnProgram,
} from './program-types.ts'
import type { KernelStructDef, SchemaDef } from './schema.ts'
import { tracepointStruct } from './tracepoints.ts'
import type { Context, Fields, KernelFields, Struct } from './types.ts'

export type Handler = (...args: never[]) => unknown
/** A program before its handler is replaced by the place of its source. */
export type LiveProgram = Omit<ProgramDef, 'handler'> & { readonly handler: Handler }

function createProgram<U>(maker: string, section: string, context: ContextDef, handler: unknown): Program<U> {
  if (typeof handler !== 'function') {
    throw new TypeError(`${maker}(): a function was expected as the handler, got ${describe(handler)}`)
  }
  const match = matchSection(section)
  if (!match) throw new TypeError(`${maker}(): there is no section '${section}'`)
  const def: LiveProgram = {
    kind: 'program',
    type: match.type,
    section,
    attachType: match.entry.attachType,
    context,
    handler: handler as Handler, // checked above
  }
  return define({}, def) as Program<U> // phantom type
}

/** `xdp`, `tc`, `connect4` ...: one constructor per row of CONTEXT_PROGRAMS. */
function contextProgram<N extends ContextProgramName>(name: N): ContextPrograms[N] {
  const { sections } = CONTEXT_PROGRAMS[name]
  const make = (...args: [unknown, unknown?]): unknown => {
    const [options, handler] = args.length === 1 ? [{}, args[0]] : [args[0] as { section?: string }, args[1]]
    const section = options.section ?? sections[0]
    if (!(sections as readonly string[]).includes(section)) {
      throw new TypeError(`${name}(): the section '${section}' is not one of ${sections.join(', ')}`)
    }
    const context = matchSection(section)?.row.context
    return createProgram(name, section, context ? { kind: 'table', name: context } : { kind: 'none' }, handler)
  }
  return define(make, { kind: 'intrinsic', name }) as unknown as ContextPrograms[N] // types in generated/programs.ts
}

export const xdp = /*#__PURE__*/ contextProgram('xdp')
export const tc = /*#__PURE__*/ contextProgram('tc')
export const netkit = /*#__PURE__*/ contextProgram('netkit')
export const tcAction = /*#__PURE__*/ contextProgram('tcAction')
export const socketFilter = /*#__PURE__*/ contextProgram('socketFilter')
export const cgroupSkb = /*#__PURE__*/ contextProgram('cgroupSkb')
export const sockCreate = /*#__PURE__*/ contextProgram('sockCreate')
export const sockRelease = /*#__PURE__*/ contextProgram('sockRelease')
export const postBind4 = /*#__PURE__*/ contextProgram('postBind4')
export const postBind6 = /*#__PURE__*/ contextProgram('postBind6')
export const connect4 = /*#__PURE__*/ contextProgram('connect4')
export const connect6 = /*#__PURE__*/ contextProgram('connect6')
export const connectUnix = /*#__PURE__*/ contextProgram('connectUnix')
export const bind4 = /*#__PURE__*/ contextProgram('bind4')
export const bind6 = /*#__PURE__*/ contextProgram('bind6')
export const sendmsg4 = /*#__PURE__*/ contextProgram('sendmsg4')
export const sendmsg6 = /*#__PURE__*/ contextProgram('sendmsg6')
export const sendmsgUnix = /*#__PURE__*/ contextProgram('sendmsgUnix')
export const recvmsg4 = /*#__PURE__*/ contextProgram('recvmsg4')
export const recvmsg6 = /*#__PURE__*/ contextProgram('recvmsg6')
export const recvmsgUnix = /*#__PURE__*/ contextProgram('recvmsgUnix')
export const getpeername4 = /*#__PURE__*/ contextProgram('getpeername4')
export const getpeername6 = /*#__PURE__*/ contextProgram('getpeername6')
export const getpeernameUnix = /*#__PURE__*/ contextProgram('getpeernameUnix')
export const getsockname4 = /*#__PURE__*/ contextProgram('getsockname4')
export const getsockname6 = /*#__PURE__*/ contextProgram('getsockname6')
export const getsocknameUnix = /*#__PURE__*/ contextProgram('getsocknameUnix')
export const getsockopt = /*#__PURE__*/ contextProgram('getsockopt')
export const setsockopt = /*#__PURE__*/ contextProgram('setsockopt')
export const cgroupSysctl = /*#__PURE__*/ contextProgram('cgroupSysctl')
export const cgroupDevice = /*#__PURE__*/ contextProgram('cgroupDevice')
export const sockOps = /*#__PURE__*/ contextProgram('sockOps')
export const skSkb = /*#__PURE__*/ contextProgram('skSkb')
export const skMsg = /*#__PURE__*/ contextProgram('skMsg')
export const skLookup = /*#__PURE__*/ contextProgram('skLookup')
export const skReuseport = /*#__PURE__*/ contextProgram('skReuseport')
export const flowDissector = /*#__PURE__*/ contextProgram('flowDissector')
export const lwtIn = /*#__PURE__*/ contextProgram('lwtIn')
export const lwtOut = /*#__PURE__*/ contextProgram('lwtOut')
export const lwtXmit = /*#__PURE__*/ contextProgram('lwtXmit')
export const lwtSeg6local = /*#__PURE__*/ contextProgram('lwtSeg6local')
export const netfilter = /*#__PURE__*/ contextProgram('netfilter')
export const perfEvent = /*#__PURE__*/ contextProgram('perfEvent')

function paramType(what: string, value: unknown): ParamType {
  const def = defOf(value)
  if (def?.kind === 'schema') return (def as SchemaDef).type // kind decides
  if (def?.kind === 'kernelStruct') return def as KernelStructDef // kind decides
  throw new TypeError(`${what}: a schema or kernel() was expected as an argument's type, got ${describe(value)}`)
}

type ArgsKind = 'registers' | 'array'
const WHOLE: { readonly [K in ArgsKind]: ContextDef } = {
  registers: { kind: 'table', name: 'pt_regs' },
  array: { kind: 'table', name: 'bpf_raw_tracepoint_args' },
}

/** `(target, handler)` or `(target, args, handler, options)`. */
function withArgs(name: string, prefix: string, kind: ArgsKind): unknown {
  const make = (target: string, ...rest: unknown[]): unknown => {
    if (typeof rest[0] === 'function') return createProgram(name, `${prefix}/${target}`, WHOLE[kind], rest[0])
    const [args, handler, options] = rest as [unknown[], unknown, ProbeOptions?]
    if (!Array.isArray(args)) throw new TypeError(`${name}(): an array of schemas was expected, got ${describe(args)}`)
    const context: ContextDef = { kind, args: args.map((arg) => paramType(`${name}('${target}')`, arg)) }
    return createProgram(name, `${prefix}${sleepable(options)}/${target}`, context, handler)
  }
  return define(make, { kind: 'intrinsic', name })
}

/** `(target, handler)` or `(target, result, handler, options)`. */
function withResult(name: string, prefix: string): unknown {
  const make = (target: string, ...rest: unknown[]): unknown => {
    if (rest.length === 1) return createProgram(name, `${prefix}/${target}`, WHOLE.registers, rest[0])
    const [result, handler, options] = rest as [unknown, unknown, ProbeOptions?]
    const context: ContextDef = { kind: 'returned', type: paramType(`${name}('${target}')`, result) }
    return createProgram(name, `${prefix}${sleepable(options)}/${target}`, context, handler)
  }
  return define(make, { kind: 'intrinsic', name })
}

function sleepable(options: ProbeOptions | undefined): '' | '.s' {
  return options?.sleepable ? '.s' : ''
}

type Registers = Context & PtRegs
type Probe = ArgsProgram<Registers, Ignored, KprobeProgram>
type ReturnProbe = ReturnProgram<Registers, Ignored, KprobeProgram>
type UserProbe = ArgsProgram<Registers, Ignored, UprobeProgram>
type UserReturnProbe = ReturnProgram<Registers, Ignored, UprobeProgram>

/** On entry of a kernel function. */
export const kprobe = /*#__PURE__*/ withArgs('kprobe', 'kprobe', 'registers') as Probe
/** On return of a kernel function. */
export const kretprobe = /*#__PURE__*/ withResult('kretprobe', 'kretprobe') as ReturnProbe
/** On entry of all kernel functions that a pattern matches. */
export const kprobeMulti = /*#__PURE__*/ withArgs('kprobeMulti', 'kprobe.multi', 'registers') as Probe
export const kretprobeMulti = /*#__PURE__*/ withResult('kretprobeMulti', 'kretprobe.multi') as ReturnProbe
/** On entry of a system call, by its name (`unlinkat`). */
export const ksyscall = /*#__PURE__*/ withArgs('ksyscall', 'ksyscall', 'registers') as Probe
export const kretsyscall = /*#__PURE__*/ withResult('kretsyscall', 'kretsyscall') as ReturnProbe
/** On entry of a function of a program or library: `uprobe('/bin/bash:readline', ...)`. */
export const uprobe = /*#__PURE__*/ withArgs('uprobe', 'uprobe', 'registers') as UserProbe
export const uretprobe = /*#__PURE__*/ withResult('uretprobe', 'uretprobe') as UserReturnProbe
export const uprobeMulti = /*#__PURE__*/ withArgs('uprobeMulti', 'uprobe.multi', 'registers') as UserProbe
/** A statically defined probe: `usdt('/usr/bin/node:node:gc__start', ...)`. */
export const usdt = /*#__PURE__*/ withArgs('usdt', 'usdt', 'registers') as UserProbe
/** The arguments of a tracepoint as the kernel passes them. */
export const rawTracepoint = /*#__PURE__*/ withArgs('rawTracepoint', 'raw_tracepoint', 'array') as ArgsProgram<
  ArgsContext,
  Ignored,
  RawTracepointProgram
>
/** On entry of a kernel function, with arguments that are known by BTF. */
export const fentry = /*#__PURE__*/ withArgs('fentry', 'fentry', 'array') as ArgsProgram<
  ArgsContext,
  Ignored,
  TracingProgram
>
/** May replace the result of a kernel function that allows it. */
export const fmodRet = /*#__PURE__*/ withArgs('fmodRet', 'fmod_ret', 'array') as ArgsProgram<
  ArgsContext,
  Ignored,
  TracingProgram
>
/** A tracepoint with arguments that are known by BTF. */
export const tpBtf = /*#__PURE__*/ withArgs('tpBtf', 'tp_btf', 'array') as ArgsProgram<
  ArgsContext,
  Ignored,
  TracingProgram
>
/** A security hook: a negative error number refuses. */
export const lsm = /*#__PURE__*/ withArgs('lsm', 'lsm', 'array') as ArgsProgram<ArgsContext, Ignored, TracingProgram>
export const lsmCgroup = /*#__PURE__*/ withArgs('lsmCgroup', 'lsm_cgroup', 'array') as ArgsProgram<
  ArgsContext,
  Ignored,
  CgroupProgram
>
/** Called for every object of a kind (`task`, `bpf_map`, `tcp`). */
export const iter = /*#__PURE__*/ withArgs('iter', 'iter', 'array') as ArgsProgram<
  ArgsContext,
  Ignored,
  IteratorProgram
>

/** On return of a kernel function, with its arguments and its result. */
export const fexit: ExitProgram<ArgsContext, Ignored, TracingProgram> = /*#__PURE__*/ define(
  (target: string, args: readonly unknown[], result: unknown, handler: unknown, options?: ProbeOptions) => {
    const types = [...args, result].map((arg) => paramType(`fexit('${target}')`, arg))
    return createProgram<TracingProgram>(
      'fexit',
      `fexit${sleepable(options)}/${target}`,
      { kind: 'array', args: types },
      handler,
    )
  },
  { kind: 'intrinsic', name: 'fexit' },
)

/** Started by `bpf(BPF_PROG_TEST_RUN)` only. */
export const syscall = /*#__PURE__*/ define(
  (handler: () => Ignored): Program<OtherProgram> => createProgram('syscall', 'syscall', { kind: 'none' }, handler),
  { kind: 'intrinsic', name: 'syscall' },
)

/** A tracepoint with the fields of its event: known ones by name, others with a struct that says where they are. */
function createTracepoint<const N extends keyof Tracepoints>(
  event: N,
  handler: (ctx: Tracepoints[N] & Context) => Ignored,
): Program<TracepointProgram>
function createTracepoint<F extends Fields>(
  event: string,
  fields: Struct<F>,
  handler: (ctx: Readonly<KernelFields<F>> & Context) => Ignored,
): Program<TracepointProgram>
function createTracepoint(event: string, ...rest: unknown[]): Program<TracepointProgram> {
  const struct = rest.length > 1 ? structType(rest[0]) : tracepointStruct(event)
  if (!struct) {
    throw new TypeError(
      `tracepoint(): the fields of '${event}' are not known; pass them as a struct that begins with the 8 bytes of ` +
        'every event (see /sys/kernel/tracing/events)',
    )
  }
  return createProgram('tracepoint', `tracepoint/${event}`, { kind: 'struct', struct }, rest[rest.length - 1])
}
export const tracepoint = /*#__PURE__*/ define(createTracepoint, { kind: 'intrinsic', name: 'tracepoint' })

function structType(value: unknown): StructType {
  const { type } = expectDef<SchemaDef>(value, 'schema', 'tracepoint()')
  if (type.kind !== 'struct') throw new TypeError(`tracepoint(): a struct was expected, got ${type.kind}`)
  return type
}
