/** lisp`..` in an ordinary module: a program in the other language, compiled in place by the plugin. */
import type { BpfModule, ModuleShape } from '../runtime/types.ts'
import { define } from './define.ts'
import { notCompiled } from './object.ts'

/** Nothing is known of what the text declares. */
export interface AnyShape {
  // biome-ignore lint/suspicious/noExplicitAny: any map
  readonly maps: Record<string, any>
  // biome-ignore lint/suspicious/noExplicitAny: any program
  readonly programs: Record<string, any>
  // biome-ignore lint/suspicious/noExplicitAny: any struct
  readonly structs: Record<string, any>
  readonly constants: Record<string, number | bigint>
}

type LispTag = <S extends ModuleShape = AnyShape>(
  text: TemplateStringsArray,
  ...numbers: readonly (number | bigint | boolean)[]
) => BpfModule<S>

/** `lisp\`(defprog pass (:type :xdp) XDP_PASS)\``; what stands in `${..}` is a number that is known at build time. */
export const lisp = /*#__PURE__*/ define((): never => notCompiled('lisp`..`'), {
  kind: 'intrinsic',
  name: 'lisp',
}) as unknown as LispTag // the compiled module, as the code around it sees it
