/**
 * `(trace-printk "pid %d, %s" pid name)`: a line in the trace pipe. The format lies in .rodata and is checked here; up to
 * three numbers go in registers, more through an array on the stack and `trace_vprintk` (5.16).
 */
import type { Form } from '../../forms/node.ts'
import { MAX_PRINTK_ARGUMENTS, parsePrintk } from '../../tables/printk.ts'
import { u64 } from '../../types/types.ts'
import { at, constant, seq, withValues } from '../build.ts'
import type { Call, Cx } from '../context.ts'
import { literal } from '../define-global.ts'
import { counted, type Stx, syntaxError } from '../syntax.ts'
import { toForm } from '../translate.ts'

const IN_REGISTERS = 3
const WORD = 8

export function translatePrintk(cx: Cx, call: Call): Form {
  const [formatStx, ...args] = call.args as [Stx, ...Stx[]]
  const text = formatStx.datum as string // the caller has looked
  checkFormat(call, formatStx, text, args.length)
  const bytes = new TextEncoder().encode(`${text}\0`)
  const format: Form = { kind: 'globalAddr', global: literal(cx.module, bytes, formatStx.span), ...at(formatStx) }
  const size = constant(formatStx, bytes.length)
  const values = args.map((stx) => toForm(cx, stx))
  if (values.length <= IN_REGISTERS)
    return { kind: 'call', helper: 'trace_printk', args: [format, size, ...values], ...at(call.stx) }
  return throughMemory(call, format, size, values)
}

function throughMemory(call: Call, format: Form, size: Form, values: readonly Form[]): Form {
  const origin = call.stx
  const bytes = values.length * WORD
  const array: Form = { kind: 'alloc', name: 'printk', size: bytes, align: WORD, zeroed: false, ...at(origin) }
  return withValues(origin, [array], ([ptr]) =>
    seq(origin, [
      ...values.map(
        (value, i): Form => ({
          kind: 'store',
          type: u64,
          ptr: ptr!,
          offset: constant(origin, i * WORD),
          value,
          ...at(value),
        }),
      ),
      { kind: 'call', helper: 'trace_vprintk', args: [format, size, ptr!, constant(origin, bytes)], ...at(origin) },
    ]),
  )
}

function checkFormat(call: Call, stx: Stx, text: string, count: number): void {
  const format = parsePrintk(text)
  if ('problem' in format)
    throw syntaxError(
      'bad-option',
      stx,
      `the kernel does not know the conversion \`${format.problem}\` of this format`,
      'it knows %d %i %u %x %X (with l or ll), %c, %s and %p; %% is a percent sign',
    )
  const wanted = format.arguments.length
  if (wanted !== count)
    throw syntaxError(
      'wrong-argument-count',
      call.stx,
      `the format of \`trace-printk\` names ${counted(wanted, 'argument')}, got ${count}`,
    )
  if (count > MAX_PRINTK_ARGUMENTS)
    throw syntaxError(
      'wrong-argument-count',
      call.stx,
      `\`trace-printk\` prints at most ${MAX_PRINTK_ARGUMENTS} arguments`,
    )
}
