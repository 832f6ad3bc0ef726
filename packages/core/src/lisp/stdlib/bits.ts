/** Fields of integers: a byte specifier is a pair (size . position), in bits. */
import { cons, isCons, type Value } from '../datum.ts'
import { type Builtin, LispError, typeError } from '../interp.ts'
import { fn } from './list.ts'
import { integer } from './number.ts'

/** No field of a kernel structure is wider; more would only fill memory. */
const MAX_POSITION = 4096n

interface Field {
  readonly position: bigint
  readonly mask: bigint
}

function field(name: string, spec: Value | undefined): Field {
  if (spec === undefined || !isCons(spec))
    throw typeError(name, 'a byte specifier, as `(byte size position)` makes it', spec ?? 0n)
  const size = integer(name, spec.car)
  const position = integer(name, spec.cdr)
  if (size < 0n || position < 0n || size + position > MAX_POSITION)
    throw new LispError('bad-argument-type', `\`${name}\` takes a field within ${MAX_POSITION} bits`)
  return { position, mask: (1n << size) - 1n }
}

export const BIT_FUNCTIONS: Readonly<Record<string, Builtin>> = {
  BYTE: fn('size position', 'A byte specifier: so many bits from that bit on.', ([size, position]) =>
    cons(integer('byte', size), integer('byte', position)),
  ),
  LDB: fn('byte-specifier integer', 'The bits of a field.', ([spec, value]) => {
    const { position, mask } = field('ldb', spec)
    return (integer('ldb', value) >> position) & mask
  }),
  DPB: fn('value byte-specifier integer', 'The integer with a field replaced.', ([value, spec, old]) => {
    const { position, mask } = field('dpb', spec)
    return (integer('dpb', old) & ~(mask << position)) | ((integer('dpb', value) & mask) << position)
  }),
}
