/** The codec that a generated module has for a struct: its text, evaluated. */
import { emitCodec } from '../../packages/core/src/emit-module/codec.ts'
import { viewOf } from '../../packages/core/src/runtime/bytes.ts'
import { type Codec, codecFor } from '../../packages/core/src/runtime/codec.ts'
import { checkBigInt, checkBytes, checkInt, checkObject } from '../../packages/core/src/runtime/codec-checks.ts'
import type { StructType } from '../../packages/core/src/types/types.ts'

const SCOPE = { viewOf, codecFor, checkBigInt, checkBytes, checkInt, checkObject }

// biome-ignore lint/suspicious/noExplicitAny: the struct's fields decide
export function generatedCodec(type: StructType): Codec<any> {
  const { text, constants } = emitCodec(type, '$0')
  const body = [...constants, `return ${text}`].join('\n')
  return new Function(...Object.keys(SCOPE), body)(...Object.values(SCOPE))
}
