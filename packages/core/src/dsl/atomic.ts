/** Operations that no other CPU can come between, on numbers in maps, records and globals. */
import { define, kernelOnly } from './define.ts'

/** Fields of a struct that are numbers. */
type NumberField<T> = { [P in keyof T]: T[P] extends number ? P : never }[keyof T]

/** On a scalar behind a reference (`atomic.add(count, 1)`), or on a field of a struct (`atomic.add(flow, 'packets', 1)`). */
interface Operation {
  (ref: { value: number }, value: number): number
  <T, F extends NumberField<T>>(ref: T, field: F, value: number): number
}
interface CompareOperation {
  (ref: { value: number }, expected: number, value: number): number
  <T, F extends NumberField<T>>(ref: T, field: F, expected: number, value: number): number
}

/** Every operation gives the value from before. */
export interface Atomic {
  readonly add: Operation
  readonly sub: Operation
  readonly and: Operation
  readonly or: Operation
  readonly xor: Operation
  readonly exchange: Operation
  readonly compareExchange: CompareOperation
}

const operation = (name: keyof Atomic) => () => kernelOnly(`atomic.${name}()`)

/** Atomic operations on integers of 32 and 64 bits. */
export const atomic: Atomic = /*#__PURE__*/ define(
  {
    add: operation('add'),
    sub: operation('sub'),
    and: operation('and'),
    or: operation('or'),
    xor: operation('xor'),
    exchange: operation('exchange'),
    compareExchange: operation('compareExchange'),
  },
  { kind: 'intrinsic', name: 'atomic' },
)
