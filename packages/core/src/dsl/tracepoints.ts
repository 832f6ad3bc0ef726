/** The structs of tracepoint events whose fields ship with the compiler; types in `generated/tracepoints.ts`. */
import { shippedTracepoint, type TracepointField } from '../tables/tracepoints.ts'
import { sizeOf } from '../types/layout.ts'
import type { Field, StructType, Type } from '../types/types.ts'

/** `sched/sched_switch` -> its fields at their offsets in the context; undefined when the event is not known. */
export function tracepointStruct(event: string): StructType | undefined {
  const [category = '', name = ''] = event.split('/')
  const fields = shippedTracepoint(category, name)?.map(structField)
  if (!fields) return undefined
  // The 8 bytes that every event begins with belong to the tracing system.
  const size = Math.max(8, ...fields.map((field) => field.offset + sizeOf(field.type)))
  return { kind: 'struct', name, fields, size, align: 8 }
}

function structField({ name, offset, type, length }: TracepointField): Field {
  const whole: Type = length === undefined ? type : { kind: 'array', element: type, length }
  return { name, offset, type: whole }
}
