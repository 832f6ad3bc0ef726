/**
 * The TypeScript type that a BPF type has in user space; the same mapping as `runtime/codec.ts` (a test compares them).
 */
import { assertNever } from '../diag/diagnostic.ts'
import { toPascalName } from '../tables/names.ts'
import type { Type } from '../types/types.ts'

/** `ConnEvent`, `bigint`, `Uint8Array`, `number[]` ... Structs and unions are named, never spelled out. */
export function typeScriptType(type: Type): string {
  switch (type.kind) {
    case 'int':
      if (type.display === 'bool') return 'boolean'
      if (type.display === 'ipv4') return 'string'
      return type.bits === 64 ? 'bigint' : 'number'
    case 'array': {
      if (type.display) return 'string'
      const element = typeScriptType(type.element)
      return type.element.kind === 'int' && type.element.bits === 8 && element === 'number' && !type.element.signed
        ? 'Uint8Array'
        : `${element}[]`
    }
    case 'struct':
    case 'union':
      return toPascalName(type.name)
    default:
      return assertNever(type)
  }
}
