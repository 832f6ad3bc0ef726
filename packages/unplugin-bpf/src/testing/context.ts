/**
 * Context bytes from fields: `{ user_ip4: 0x0100007f, userPort: 443 }` for cgroup programs, `{ prev_pid: 7 }` for a
 * tracepoint. Layouts come from the tables that the compiler uses.
 */
import {
  CONTEXTS,
  type ContextField,
  type ProgramSpec,
  shippedTracepoint,
  toCamelName,
} from '@unplugin-bpf/core/object'
import { nearName, parseIpv4, parseIpv6, writeString } from '@unplugin-bpf/core/runtime'
import type { ContextFields, ContextValues } from './types.ts'
import { programTypeRow } from './verdict.ts'

interface Layout {
  readonly what: string
  readonly size: number
  readonly fields: readonly LayoutField[]
}

interface LayoutField extends Pick<ContextField, 'name' | 'offset' | 'type'> {
  readonly length?: number | undefined
}

export function contextBytes(spec: ProgramSpec, given: Uint8Array | ContextFields): Uint8Array {
  if (given instanceof Uint8Array) return given
  const layout = layoutOf(spec)
  const out = new Uint8Array(layout.size)
  for (const [key, value] of Object.entries(given)) {
    const field = layout.fields.find(({ name }) => name === key || toCamelName(name) === key)
    if (field === undefined) throw unknownField(layout, key)
    writeField(out, field, { value, path: `${layout.what}.${field.name}` })
  }
  return out
}

/** The other way: every field that the table knows, by the kernel's name. */
export function contextFields(spec: ProgramSpec, bytes: Uint8Array): ContextValues {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const { fields } = layoutOf(spec)
  const there = fields.filter((field) => field.offset + fieldSize(field) <= bytes.length)
  return Object.fromEntries(
    there.map(({ name, offset, type, length }) => {
      const read = (i: number) => readNumber(view, offset + (i * type.bits) / 8, type)
      return [name, length === undefined ? read(0) : Array.from({ length }, (_, i) => read(i))]
    }),
  )
}

function readNumber(view: DataView, at: number, { bits, signed }: LayoutField['type']): number | bigint {
  let value = 0n
  for (let i = bits / 8 - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i))
  const number = signed ? BigInt.asIntN(bits, value) : value
  return bits === 64 ? number : Number(number)
}

function layoutOf(spec: ProgramSpec): Layout {
  const context = programTypeRow(spec.type)?.context
  if (context !== undefined && CONTEXTS[context].size > 0) {
    const row = CONTEXTS[context]
    return { what: row.struct, size: row.size, fields: row.fields }
  }
  const [category, event] = (spec.attachTarget ?? '').split('/')
  const fields = spec.type === 'tracepoint' && event !== undefined ? shippedTracepoint(category!, event) : undefined
  if (fields === undefined) {
    throw new TypeError(
      `program ${spec.name} (${spec.section}): the fields of its context are not known; give the bytes`,
    )
  }
  const end = Math.max(0, ...fields.map((field) => field.offset + fieldSize(field)))
  return { what: event!, size: Math.ceil(end / 8) * 8, fields }
}

function fieldSize({ type, length }: LayoutField): number {
  return (type.bits / 8) * (length ?? 1)
}

function writeField(
  out: Uint8Array,
  field: LayoutField,
  { value, path }: { readonly value: ContextFields[string]; readonly path: string },
): void {
  const { offset, type, length } = field
  const bytes = type.bits / 8
  if (typeof value === 'string' || value instanceof Uint8Array) {
    const size = fieldSize(field)
    const data = typeof value === 'string' ? textBytes(value, field, path) : value
    if (data.length > size) throw new RangeError(`${path}: ${data.length} bytes, it has ${size}`)
    out.set(data, offset)
    return
  }
  const numbers = typeof value === 'object' ? value : [value]
  if (numbers.length > (length ?? 1)) throw new RangeError(`${path}: ${numbers.length} values, it has ${length ?? 1}`)
  const view = new DataView(out.buffer)
  for (const [i, number] of numbers.entries()) writeNumber(view, offset + i * bytes, { number, bits: type.bits, path })
}

/** Addresses in network order, as the kernel has them; other text only where there are characters. */
function textBytes(text: string, field: LayoutField, path: string): Uint8Array {
  if (field.type.bits === 8) return writeString(text, fieldSize(field), path)
  if (field.type.bits === 32 && field.length === 4) return parseIpv6(text, path)
  if (field.type.bits !== 32 || field.length !== undefined) throw new TypeError(`${path}: expected a number`)
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, parseIpv4(text, path))
  return out
}

function writeNumber(
  view: DataView,
  at: number,
  { number, bits, path }: { readonly number: number | bigint; readonly bits: number; readonly path: string },
): void {
  if (typeof number === 'number' ? !Number.isSafeInteger(number) : typeof number !== 'bigint') {
    throw new TypeError(`${path}: expected an integer, got ${String(number)}`)
  }
  const value = BigInt(number)
  if (value >= 1n << BigInt(bits) || value < -(1n << BigInt(bits - 1))) {
    throw new RangeError(`${path}: ${value} does not fit ${bits} bits`)
  }
  for (let i = 0; i < bits / 8; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 255n))
}

function unknownField({ what, fields }: Layout, key: string): TypeError {
  const names = fields.map(({ name }) => name)
  const near = nearName(key, names)
  return new TypeError(`${what} has no field ${key}; ${near ? `did you mean ${near}?` : `it has ${names.join(', ')}`}`)
}
