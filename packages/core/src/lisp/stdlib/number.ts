/** Functions on integers, which are unbounded at compile time. */
import { byteSwap } from '../../arith/alu.ts'
import { bool, NIL, type Value } from '../datum.ts'
import { type Builtin, type Interp, LispError, typeError } from '../interp.ts'
import { fn } from './list.ts'

/** Larger integers are refused, so that a loop of squarings cannot fill the memory. */
const MAX_BITS = 65_536
const LIMIT = 1n << BigInt(MAX_BITS)

function checked(value: bigint): bigint {
  if (value < LIMIT && value > -LIMIT) return value
  throw new LispError('macro-limit', `an integer of more than ${MAX_BITS} bits`)
}

export function integer(name: string, value: Value | undefined): bigint {
  if (typeof value !== 'bigint') throw typeError(name, 'an integer', value ?? NIL)
  return value
}

const fold = (name: string, start: bigint, op: (a: bigint, b: bigint) => bigint): Builtin =>
  fn('&rest integers', 'The operation over all integers.', (args) =>
    checked(args.map((a) => integer(name, a)).reduce(op, start)),
  )

const chain = (name: string, op: (a: bigint, b: bigint) => boolean): Builtin =>
  fn('integer &rest integers', 'Does it hold for each neighbouring pair?', (args) => {
    const numbers = args.map((a) => integer(name, a))
    return bool(numbers.every((n, i) => i === 0 || op(numbers[i - 1]!, n)))
  })

const test = (name: string, holds: (a: bigint) => boolean): Builtin =>
  fn('integer', 'A test.', ([a]) => bool(holds(integer(name, a))))

function divisor(name: string, value: Value | undefined): bigint {
  const result = integer(name, value ?? 1n)
  if (result === 0n) throw new LispError('division-by-zero', `\`${name}\` by zero`)
  return result
}

type Rounding = (a: bigint, b: bigint) => bigint
const truncate: Rounding = (a, b) => a / b
const floor: Rounding = (a, b) => (a % b !== 0n && a < 0n !== b < 0n ? a / b - 1n : a / b)
const ceiling: Rounding = (a, b) => (a % b !== 0n && a < 0n === b < 0n ? a / b + 1n : a / b)
const round: Rounding = (a, b) => {
  const low = floor(a, b)
  const twice = 2n * (a - low * b) - b
  const up = b > 0n ? twice > 0n : twice < 0n
  return up || (twice === 0n && low % 2n !== 0n) ? low + 1n : low
}

const division = (name: string, rounding: Rounding): Builtin =>
  fn('integer &optional divisor', 'Quotient and remainder.', ([a, b], interp) => {
    const left = integer(name, a)
    const right = divisor(name, b)
    const quotient = rounding(left, right)
    interp.values = [quotient, left - quotient * right]
    return quotient
  })

function divide(args: readonly Value[]): bigint {
  const [head, ...others] = args.map((a) => integer('/', a))
  return others.reduce((a, b) => {
    if (b === 0n) throw new LispError('division-by-zero', '`/` by zero')
    if (a % b !== 0n)
      throw new LispError('bad-argument-type', `\`(/ ${a} ${b})\` is no integer`, 'use `floor` or `truncate`')
    return a / b
  }, head!)
}

function isqrt(value: bigint): bigint {
  if (value < 0n) throw new LispError('bad-argument-type', '`isqrt` of a negative integer')
  if (value < 2n) return value
  let x = BigInt(Math.floor(Math.sqrt(Number(value))))
  while (x * x > value) x--
  while ((x + 1n) * (x + 1n) <= value) x++
  return x
}

function expt(args: readonly Value[]): bigint {
  const base = integer('expt', args[0])
  const power = integer('expt', args[1])
  if (power < 0n || power > 4096n)
    throw new LispError('bad-argument-type', `\`expt\` takes a power of 0 to 4096, got \`${power}\``)
  if (Number(power) * base.toString(16).length > MAX_BITS / 4)
    throw new LispError('macro-limit', `an integer of more than ${MAX_BITS} bits`)
  return base ** power
}

function shift(args: readonly Value[]): bigint {
  const value = integer('ash', args[0])
  const count = integer('ash', args[1])
  if (count > 4096n) throw new LispError('bad-argument-type', `\`ash\` by ${count} is too much`)
  return count < 0n ? value >> -count : checked(value << count)
}

function lesser(a: bigint, b: bigint): bigint {
  // Math.min takes no bigints.
  if (b < a) return b
  return a
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b))
const swap = (name: string, bits: 16 | 32 | 64): Builtin =>
  fn('integer', 'Reverses the bytes.', ([a]) => byteSwap(BigInt.asUintN(64, integer(name, a)), bits))

function integerLength(value: bigint): bigint {
  const magnitude = value < 0n ? -value - 1n : value
  return magnitude === 0n ? 0n : BigInt(magnitude.toString(2).length)
}

function random(args: readonly Value[], interp: Interp): never {
  void interp
  throw new LispError(
    'unsupported',
    '`random` is not available at compile time',
    `compilation is deterministic; got (random ${String(args[0])})`,
  )
}

export const NUMBER_FUNCTIONS: Readonly<Record<string, Builtin>> = {
  '+': fold('+', 0n, (a, b) => a + b),
  '*': fold('*', 1n, (a, b) => a * b),
  '-': fn('integer &rest integers', 'Difference, or negation.', (args) => {
    const [head, ...others] = args.map((a) => integer('-', a))
    return others.length === 0 ? -head! : others.reduce((a, b) => a - b, head!)
  }),
  '/': fn('integer &rest integers', 'Exact quotient.', divide),
  '1+': fn('integer', 'One more.', ([a]) => integer('1+', a) + 1n),
  '1-': fn('integer', 'One less.', ([a]) => integer('1-', a) - 1n),
  '=': chain('=', (a, b) => a === b),
  '<': chain('<', (a, b) => a < b),
  '>': chain('>', (a, b) => a > b),
  '<=': chain('<=', (a, b) => a <= b),
  '>=': chain('>=', (a, b) => a >= b),
  '/=': fn('integer &rest integers', 'Are all different?', (args) =>
    bool(new Set(args.map((a) => integer('/=', a))).size === args.length),
  ),
  FLOOR: division('floor', floor),
  CEILING: division('ceiling', ceiling),
  TRUNCATE: division('truncate', truncate),
  ROUND: division('round', round),
  MOD: fn('integer divisor', 'Remainder with the sign of the divisor.', ([a, b]) => {
    const right = divisor('mod', b)
    return integer('mod', a) - floor(integer('mod', a), right) * right
  }),
  REM: fn(
    'integer divisor',
    'Remainder with the sign of the integer.',
    ([a, b]) => integer('rem', a) % divisor('rem', b),
  ),
  MIN: fn('integer &rest integers', 'The least.', (args) => args.map((a) => integer('min', a)).reduce(lesser)),
  MAX: fn('integer &rest integers', 'The greatest.', (args) =>
    args.map((a) => integer('max', a)).reduce((a, b) => (lesser(a, b) === a ? b : a)),
  ),
  ABS: fn('integer', 'Magnitude.', ([a]) => (integer('abs', a) < 0n ? -integer('abs', a) : integer('abs', a))),
  SIGNUM: fn('integer', '-1, 0 or 1.', ([a]) =>
    integer('signum', a) > 0n ? 1n : integer('signum', a) < 0n ? -1n : 0n,
  ),
  GCD: fold('gcd', 0n, gcd),
  LCM: fold('lcm', 1n, (a, b) => (a === 0n || b === 0n ? 0n : gcd(a * b, 0n) / gcd(a, b))),
  EXPT: fn('base power', 'Power.', expt),
  ISQRT: fn('integer', 'Integer square root.', ([a]) => isqrt(integer('isqrt', a))),
  RANDOM: fn('limit', 'Refused: compilation is deterministic.', random),
  LOGAND: fold('logand', -1n, (a, b) => a & b),
  LOGIOR: fold('logior', 0n, (a, b) => a | b),
  LOGXOR: fold('logxor', 0n, (a, b) => a ^ b),
  LOGNOT: fn('integer', 'Every bit inverted.', ([a]) => ~integer('lognot', a)),
  LOGTEST: fn('a b', 'Do they share a bit?', ([a, b]) => bool((integer('logtest', a) & integer('logtest', b)) !== 0n)),
  LOGBITP: fn('index integer', 'Is the bit set?', ([i, a]) =>
    bool(((integer('logbitp', a) >> integer('logbitp', i)) & 1n) === 1n),
  ),
  LOGCOUNT: fn('integer', 'Number of set bits.', ([a]) =>
    BigInt((integer('logcount', a).toString(2).match(/1/g) ?? []).length),
  ),
  'INTEGER-LENGTH': fn('integer', 'Number of bits.', ([a]) => integerLength(integer('integer-length', a))),
  ASH: fn('integer count', 'Shift; a negative count shifts right.', shift),
  '<<': fn('integer count', 'Left shift.', shift),
  '>>': fn('integer count', 'Right shift.', ([a, n]) => integer('>>', a) >> integer('>>', n)),
  ZEROP: test('zerop', (a) => a === 0n),
  PLUSP: test('plusp', (a) => a > 0n),
  MINUSP: test('minusp', (a) => a < 0n),
  EVENP: test('evenp', (a) => a % 2n === 0n),
  ODDP: test('oddp', (a) => a % 2n !== 0n),
  INTEGERP: fn('value', 'Is it an integer?', ([v]) => bool(typeof v === 'bigint')),
  NUMBERP: fn('value', 'Is it a number?', ([v]) => bool(typeof v === 'bigint')),
  HTONS: swap('htons', 16),
  NTOHS: swap('ntohs', 16),
  HTONL: swap('htonl', 32),
  NTOHL: swap('ntohl', 32),
  HTONLL: swap('htonll', 64),
  NTOHLL: swap('ntohll', 64),
}
