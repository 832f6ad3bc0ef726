/**
 * Tracepoint events: fields from a format file of tracefs, and the shipped ones (`generated/tracepoints`), so that a
 * program for a common event compiles without the kernel it is for.
 *
 *   field:pid_t parent_pid;  offset:12;  size:4;  signed:1;    ->  parent_pid  i32 at byte 12
 *
 * The tables have each event as one packed line: `parent_comm:loc@8 parent_pid:i32@12 comm:u8[16]@16`.
 */
import type { IntType } from '../types/types.ts'
import { i32, i64, SCALARS, type ScalarName, scalarName, u32, u64 } from '../types/types.ts'
import { SYSCALL_ARGUMENTS, TRACEPOINTS } from './generated/tracepoints.ts'

export interface TracepointField {
  readonly name: string
  /** Bytes from the start of the event, which is the program's context. */
  readonly offset: number
  /** Of an element, for arrays. */
  readonly type: IntType
  readonly length?: number | undefined
  /** `__data_loc`: a word with the offset of the data from the event's start (low half) and its length (high half). */
  readonly dataLoc?: true | undefined
}

const LINE = /field:(.*?);\s*offset:(\d+);\s*size:(\d+);\s*signed:([01]);/

/** The fields of an event, without those that all events have. */
export function parseTracepointFormat(text: string): TracepointField[] {
  return text.split('\n').flatMap((line) => {
    const match = LINE.exec(line)
    if (!match) return []
    const [, declaration, offset, size, signed] = match
    const field = parseField(declaration!, Number(offset), { size: Number(size), signed: signed === '1' })
    return !field || field.name.startsWith('common_') ? [] : [field]
  })
}

function parseField(
  declaration: string,
  offset: number,
  { size, signed }: { readonly size: number; readonly signed: boolean },
): TracepointField | undefined {
  const name = /([A-Za-z_]\w*)\s*(?:\[[^\]]*\])?\s*$/.exec(declaration)?.[1]
  if (name === undefined) return undefined
  // `__rel_loc` counts from the field's own end; no event of the kernel itself has one.
  if (declaration.startsWith('__rel_loc')) return undefined
  if (declaration.startsWith('__data_loc')) return { name, offset, type: u32, dataLoc: true }
  const count = /\[(\d+)\]\s*$/.exec(declaration)?.[1]
  const isArray = /\[[^\]]*\]\s*$/.test(declaration)
  const length = count === undefined ? size : Number(count)
  if (!isArray) {
    const scalar = scalarOf(size, signed)
    // A struct by value: bytes.
    return scalar ? { name, offset, type: scalar } : { name, offset, type: SCALARS.u8, length: size }
  }
  const element = length > 0 ? scalarOf(size / length, signed) : undefined
  return element ? { name, offset, type: element, length } : { name, offset, type: SCALARS.u8, length: size }
}

function scalarOf(size: number, signed: boolean): IntType | undefined {
  const name = `${signed ? 'i' : 'u'}${size * 8}`
  return name in SCALARS ? SCALARS[name as ScalarName] : undefined
}

export function packFields(fields: readonly TracepointField[]): string {
  return fields
    .map(({ name, offset, type, length, dataLoc }) => {
      const kind = dataLoc ? 'loc' : `${scalarName(type)}${length === undefined ? '' : `[${length}]`}`
      return `${name}:${kind}@${offset}`
    })
    .join(' ')
}

function unpackFields(packed: string): TracepointField[] {
  return packed
    .split(' ')
    .filter(Boolean)
    .map((word) => {
      const [, name, kind, length, offset] = /^(\w+):(\w+)(?:\[(\d+)\])?@(\d+)$/.exec(word)!
      const place = { name: name!, offset: Number(offset) }
      if (kind === 'loc') return { ...place, type: u32, dataLoc: true }
      const type = SCALARS[kind as ScalarName]
      return length === undefined ? { ...place, type } : { ...place, type, length: Number(length) }
    })
}

const packedEvents: Readonly<Record<string, Readonly<Record<string, string>>>> = TRACEPOINTS
const syscalls: Readonly<Record<string, string>> = SYSCALL_ARGUMENTS

/** Fields of a shipped event; undefined when it is not in the table. */
export function shippedTracepoint(category: string, event: string): TracepointField[] | undefined {
  if (category === 'syscalls') return syscallEvent(event)
  const events = Object.hasOwn(packedEvents, category) ? packedEvents[category]! : {}
  const packed = Object.hasOwn(events, event) ? events[event] : undefined
  return packed === undefined ? undefined : unpackFields(packed)
}

/** Number at byte 8, then 8 bytes per argument from 16, or the result (kernel/trace/trace_syscalls.c, 6.18). */
function syscallEvent(event: string): TracepointField[] | undefined {
  const match = /^sys_(enter|exit)_(\w+)$/.exec(event)
  if (!match || !Object.hasOwn(syscalls, match[2]!)) return undefined
  const packed = syscalls[match[2]!]!
  const number: TracepointField = { name: '__syscall_nr', offset: 8, type: i32 }
  if (match[1] === 'exit') return [number, { name: 'ret', offset: 16, type: i64 }]
  const args = packed.split(' ').filter(Boolean)
  return [number, ...args.map((name, i) => ({ name, offset: 16 + 8 * i, type: u64 }))]
}

/** `category/event` of every shipped event, for hints. */
export function shippedTracepointNames(category: string): string[] {
  if (category === 'syscalls') return Object.keys(syscalls).flatMap((name) => [`sys_enter_${name}`, `sys_exit_${name}`])
  return Object.keys(packedEvents[category] ?? {})
}

export const SHIPPED_CATEGORIES: readonly string[] = [...Object.keys(packedEvents), 'syscalls']
