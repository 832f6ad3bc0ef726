/** Functions on strings and characters. Strings cannot be changed in place. */
import { bool, type Char, isChar, isSym, listFrom, listItems, NIL, type Value } from '../datum.ts'
import { type Builtin, LispError, typeError } from '../interp.ts'
import { fn, keyArg } from './list.ts'

/** Text of a string designator: string, symbol or character. */
export function text(name: string, value: Value | undefined): string {
  if (typeof value === 'string') return value
  if (value !== undefined && isSym(value)) return value.name
  if (value !== undefined && isChar(value)) return value.char
  throw typeError(name, 'a string or symbol', value ?? NIL)
}

export const char = (value: string): Char => ({ kind: 'char', char: value })

function character(name: string, value: Value | undefined): string {
  if (value !== undefined && isChar(value)) return value.char
  throw typeError(name, 'a character', value ?? NIL)
}

const convert = (name: string, f: (s: string) => string): Builtin =>
  fn('string', 'A changed copy.', ([s]) => f(text(name, s)))
const compare = (name: string, holds: (a: string, b: string) => boolean): Builtin =>
  fn('a b', 'Comparison.', ([a, b]) => bool(holds(text(name, a), text(name, b))))
const charTest = (name: string, pattern: RegExp): Builtin =>
  fn('char', 'A test.', ([c]) => bool(pattern.test(character(name, c))))

const lower = (s: string): string => s.toLowerCase()

function parseInteger(args: readonly Value[]): Value {
  const source = text('parse-integer', args[0])
  const radix = Number(keyArg(args.slice(1), 'RADIX') ?? 10n)
  const junk = keyArg(args.slice(1), 'JUNK-ALLOWED') ?? NIL
  const digits = '0123456789abcdefghijklmnopqrstuvwxyz'.slice(0, radix)
  const match = new RegExp(`^\\s*([+-]?)([${digits}]+)${junk === NIL ? '\\s*$' : ''}`, 'i').exec(source)
  if (!match) {
    if (junk !== NIL) return NIL
    throw new LispError('macro-error', `\`parse-integer\`: "${source}" is no integer of base ${radix}`)
  }
  let value = 0n
  for (const digit of match[2]!.toLowerCase()) value = value * BigInt(radix) + BigInt(digits.indexOf(digit))
  return match[1] === '-' ? -value : value
}

function trim(name: string, args: readonly Value[], sides: 'both' | 'left' | 'right'): string {
  const bag = new Set(
    typeof args[0] === 'string' ? [...args[0]] : (listItems(args[0]!) ?? []).map((c) => character(name, c)),
  )
  const chars = [...text(name, args[1])]
  let start = 0
  let end = chars.length
  if (sides !== 'right') while (start < end && bag.has(chars[start]!)) start++
  if (sides !== 'left') while (end > start && bag.has(chars[end - 1]!)) end--
  return chars.slice(start, end).join('')
}

function digitChar(args: readonly Value[]): Value {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
  const digit = digits.slice(0, Number(args[1] ?? 10n))[Number(args[0])]
  return digit === undefined ? NIL : char(digit)
}

export const STRING_FUNCTIONS: Readonly<Record<string, Builtin>> = {
  STRING: convert('string', (s) => s),
  'STRING-UPCASE': convert('string-upcase', (s) => s.toUpperCase()),
  'STRING-DOWNCASE': convert('string-downcase', lower),
  'STRING-CAPITALIZE': convert('string-capitalize', (s) =>
    lower(s).replace(/[a-z0-9]+/gi, (w) => w.slice(0, 1).toUpperCase() + w.slice(1)),
  ),
  'STRING=': compare('string=', (a, b) => a === b),
  'STRING/=': compare('string/=', (a, b) => a !== b),
  'STRING<': compare('string<', (a, b) => a < b),
  'STRING>': compare('string>', (a, b) => a > b),
  'STRING<=': compare('string<=', (a, b) => a <= b),
  'STRING>=': compare('string>=', (a, b) => a >= b),
  'STRING-EQUAL': compare('string-equal', (a, b) => lower(a) === lower(b)),
  'STRING-LESSP': compare('string-lessp', (a, b) => lower(a) < lower(b)),
  'STRING-TRIM': fn('bag string', 'Without the characters at both ends.', (args) => trim('string-trim', args, 'both')),
  'STRING-LEFT-TRIM': fn('bag string', 'Without the characters at the start.', (args) =>
    trim('string-left-trim', args, 'left'),
  ),
  'STRING-RIGHT-TRIM': fn('bag string', 'Without the characters at the end.', (args) =>
    trim('string-right-trim', args, 'right'),
  ),
  STRINGP: fn('value', 'Is it a string?', ([v]) => bool(typeof v === 'string')),
  'PARSE-INTEGER': fn('string &key radix junk-allowed', 'The integer that the string spells.', parseInteger),
  CHAR: fn('string index', 'A character of a string.', ([s, i]) => {
    const found = [...text('char', s)][Number(i)]
    if (found === undefined)
      throw new LispError('index-out-of-range', `\`char\`: index ${String(i)} is outside the string`)
    return char(found)
  }),
  CHARACTERP: fn('value', 'Is it a character?', ([v]) => bool(isChar(v!))),
  'CHAR-CODE': fn('char', 'Its number.', ([c]) => BigInt(character('char-code', c).codePointAt(0)!)),
  'CODE-CHAR': fn('code', 'The character of a number.', ([n]) => {
    if (typeof n !== 'bigint' || n < 0n || n > 0x10ffffn) throw typeError('code-char', 'a character code', n ?? NIL)
    return char(String.fromCodePoint(Number(n)))
  }),
  'CHAR-UPCASE': fn('char', 'In upper case.', ([c]) => char(character('char-upcase', c).toUpperCase())),
  'CHAR-DOWNCASE': fn('char', 'In lower case.', ([c]) => char(character('char-downcase', c).toLowerCase())),
  'CHAR=': compare('char=', (a, b) => a === b),
  'CHAR/=': compare('char/=', (a, b) => a !== b),
  'CHAR<': compare('char<', (a, b) => a < b),
  'CHAR>': compare('char>', (a, b) => a > b),
  'CHAR-EQUAL': compare('char-equal', (a, b) => lower(a) === lower(b)),
  'ALPHA-CHAR-P': charTest('alpha-char-p', /\p{L}/u),
  ALPHANUMERICP: charTest('alphanumericp', /[\p{L}\p{N}]/u),
  'UPPER-CASE-P': charTest('upper-case-p', /\p{Lu}/u),
  'LOWER-CASE-P': charTest('lower-case-p', /\p{Ll}/u),
  'DIGIT-CHAR-P': fn('char &optional radix', 'The value of a digit.', ([c, radix]) => {
    const value = Number.parseInt(character('digit-char-p', c), Number(radix ?? 10n))
    return Number.isNaN(value) ? NIL : BigInt(value)
  }),
  'DIGIT-CHAR': fn('value &optional radix', 'The character of a digit.', digitChar),
  'SPLIT-STRING': fn('string separator', 'The parts between separators.', ([s, separator]) =>
    listFrom(text('split-string', s).split(text('split-string', separator)), NIL),
  ),
}
