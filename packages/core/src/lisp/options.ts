/** Keyword options of declarations: `:key-size 4 :value-size 8`. Unknown, repeated and missing ones are errors. */
import { isSym } from './datum.ts'
import { printDatum } from './print.ts'
import { didYouMean } from './suggest.ts'
import { quoted, type Stx, syntaxError } from './syntax.ts'

export interface Option {
  readonly key: Stx
  readonly value: Stx
}

/** By upcased keyword name. */
export function parseOptions(what: string, stxs: readonly Stx[], known: readonly string[]): Map<string, Option> {
  const result = new Map<string, Option>()
  for (let i = 0; i < stxs.length; i += 2) {
    const key = stxs[i]!
    if (!isSym(key.datum) || !key.datum.keyword) {
      throw syntaxError(
        'bad-syntax',
        key,
        `expected an option such as \`:${known[0]!.toLowerCase()}\`, got ${quoted(key)}`,
      )
    }
    const { name } = key.datum
    if (!known.includes(name)) {
      const names = known.map((k) => `:${k.toLowerCase()}`)
      throw syntaxError(
        'unknown-option',
        key,
        `\`${what}\` has no option ${quoted(key)}`,
        didYouMean(printDatum(key.datum), names) ?? `its options are ${names.join(' ')}`,
      )
    }
    const value = stxs[i + 1]
    if (!value) throw syntaxError('bad-syntax', key, `the option ${quoted(key)} has no value`)
    if (result.has(name)) throw syntaxError('duplicate-name', key, `the option ${quoted(key)} is given twice`)
    result.set(name, { key, value })
  }
  return result
}
