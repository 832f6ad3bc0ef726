/**
 * Fields of common tracepoints, as in /sys/kernel/tracing/events (6.18). Every event begins with 8 bytes that belong to
 * the tracing system. A system call's tracepoint has its number and up to six 64-bit arguments (kernel/trace/trace_syscalls.c).
 */
import type { StructType } from '../types/types.ts'
import { array, str, struct, typeOf } from './composite.ts'
import type { i32 as I32, i64 as I64, u64 as U64 } from './scalars.ts'
import { bool, i32, i64, u32, u64 } from './scalars.ts'
import type { Arr, Fields, Kernel, Struct } from './types.ts'

const EVENT = { commonHeader: u64 } as const

/** `__data_loc`: offset in the event (low half) and length (high half) of a string. */
const dataLoc = u32

const EVENTS = {
  'sched/sched_process_exec': /*#__PURE__*/ struct({ ...EVENT, filename: dataLoc, pid: i32, oldPid: i32 }),
  'sched/sched_process_exit': /*#__PURE__*/ struct({ ...EVENT, comm: str(16), pid: i32, prio: i32, groupDead: bool }),
  'sched/sched_process_fork': /*#__PURE__*/ struct({
    ...EVENT,
    parentComm: dataLoc,
    parentPid: i32,
    childComm: dataLoc,
    childPid: i32,
  }),
  'sched/sched_switch': /*#__PURE__*/ struct({
    ...EVENT,
    prevComm: str(16),
    prevPid: i32,
    prevPrio: i32,
    prevState: i64,
    nextComm: str(16),
    nextPid: i32,
    nextPrio: i32,
  }),
} as const

/** Named arguments of much used system calls, in order. */
const SYSCALLS = {
  openat: ['dfd', 'filename', 'flags', 'mode'],
  openat2: ['dfd', 'filename', 'how', 'usize'],
  execve: ['filename', 'argv', 'envp'],
  connect: ['fd', 'uservaddr', 'addrlen'],
  bind: ['fd', 'umyaddr', 'addrlen'],
  accept4: ['fd', 'upeerSockaddr', 'upeerAddrlen', 'flags'],
  socket: ['family', 'type', 'protocol'],
  read: ['fd', 'buf', 'count'],
  write: ['fd', 'buf', 'count'],
  close: ['fd'],
  unlinkat: ['dfd', 'pathname', 'flag'],
  kill: ['pid', 'sig'],
} as const

type Syscalls = typeof SYSCALLS
interface Call {
  readonly syscallNr: I32
}
/** Fields by event. */
export type Tracepoints = { readonly [N in keyof typeof EVENTS]: Readonly<Kernel<(typeof EVENTS)[N]>> } & {
  readonly [N in keyof Syscalls as `syscalls/sys_enter_${N}`]: Call & { readonly [A in Syscalls[N][number]]: U64 }
}
/** Entry of a system call whose arguments have no names here. */
export type SysEnter = Call & { readonly args: Readonly<Arr<U64, 6>> }
export type SysExit = Call & { readonly ret: I64 }

/** The event's struct; undefined when it is not known. */
export function tracepointStruct(event: string): StructType | undefined {
  if (Object.hasOwn(EVENTS, event)) return structType(EVENTS[event as keyof typeof EVENTS]) // hasOwn checked
  const [, kind, name] = /^syscalls\/sys_(enter|exit)_(\w+)$/.exec(event) ?? []
  if (kind === undefined || name === undefined) return undefined
  const head = { ...EVENT, syscallNr: i32, pad: u32 }
  if (kind === 'exit') return structType(struct({ ...head, ret: i64 }))
  if (!Object.hasOwn(SYSCALLS, name)) return structType(struct({ ...head, args: array(u64, 6) }))
  const args = SYSCALLS[name as keyof Syscalls].map((arg): [string, typeof u64] => [arg, u64]) // hasOwn checked
  return structType(struct({ ...head, ...Object.fromEntries(args) }))
}

function structType(schema: Struct<Fields>): StructType {
  return typeOf(schema, 'tracepoint()') as StructType // struct() makes structs
}
