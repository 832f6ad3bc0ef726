/** Members that mean something only inside kernel functions, and helpers of build time. */
import { define, kernelOnly } from './define.ts'
import type { Bpf } from './generated/helpers.ts'
import type { u32 } from './scalars.ts'

/** All helpers of the kernel, in camel case, and short names of the common ones. */
export const bpf: Bpf = /*#__PURE__*/ define(
  new Proxy({} as Bpf, {
    get(target, name) {
      if (typeof name !== 'string' || name === 'then' || name.startsWith('~')) return Reflect.get(target, name)
      return () => kernelOnly(`bpf.${name}()`)
    },
  }),
  { kind: 'intrinsic', name: 'bpf' },
)

/** `for (const i of range(8))`: 0 to 7; the count is a constant. */
export const range: (count: number) => Iterable<u32> = /*#__PURE__*/ define(
  (count: number): Iterable<u32> => Array(count).keys(),
  {
    kind: 'intrinsic',
    name: 'range',
  },
)

/** Several programs (or maps) of one kind: `...each('drop', [80, 443], (port) => dropPort(port))` has `drop80`, `drop443`. */
export const each = /*#__PURE__*/ define(
  <const P extends string, const T extends readonly (string | number)[], R>(
    prefix: P,
    items: T,
    make: (item: T[number]) => R,
  ): { readonly [K in T[number] as `${P}${K}`]: R } =>
    Object.fromEntries(items.map((item) => [`${prefix}${item}`, make(item)])) as {
      readonly [K in T[number] as `${P}${K}`]: R
    }, // keys as the type says
  { kind: 'intrinsic', name: 'each' },
)
