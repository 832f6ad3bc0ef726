/** Hints for unknown names: every name that could stand in that place, by nearness. */
import { CONSTANTS } from '../tables/constants.ts'
import { HELPER_NAMES } from '../tables/helpers/index.ts'
import { toLispName } from '../tables/names.ts'
import { type Cx, specialForm } from './context.ts'
import type { Sym } from './datum.ts'
import { preludeNames } from './prelude.ts'
import { printDatum } from './print.ts'
import { didYouMean } from './suggest.ts'

const HELPER_LISP_NAMES = HELPER_NAMES.map(toLispName)

/** Names of other Lisps and of C, with what to write here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  setq: 'use `setf`',
  while: 'loops are bounded: use `dotimes`, and `return` or `when` inside it',
  loop: 'loops are bounded: use `dotimes`',
  '==': 'equality is `=`',
  '!=': 'inequality is `/=`',
  eq: 'equality of integers is `=`',
  '&': 'bitwise and is `logand`',
  '|': 'bitwise or is `logior`',
  '^': 'exclusive or is `logxor`',
  '%': 'the remainder is `mod`',
  gethash: 'maps are read with `getmap`',
  remhash: 'map entries are deleted with `remmap`',
  printf: 'see `trace-printk`',
  format: 'it exists at compile time only; see `trace-printk`',
}

export function unknownFormHint(cx: Cx, name: Sym): string | undefined {
  const text = printDatum(name)
  const special = ELSEWHERE[text]
  if (special) return special
  const { interp, generated } = cx.module
  const known = [
    ...[...cx.module.forms.special.keys()].map((n) => n.toLowerCase()),
    ...preludeNames(),
    ...HELPER_LISP_NAMES,
    ...[...interp.macros.keys(), ...generated.keys()].map((s) => printDatum(s)),
  ]
  return didYouMean(text, known)
}

export function unknownVariableHint(cx: Cx, name: Sym): string | undefined {
  if (cx.siblings.includes(name)) {
    return `\`let\` binds in parallel, so \`${printDatum(name)}\` is not visible yet; use \`let*\``
  }
  if (specialForm(cx.module, name)) return `\`${printDatum(name)}\` is a form: write \`(${printDatum(name)} ...)\``
  const names: string[] = []
  for (let scope = cx.scope; scope; scope = scope.parent) names.push(printDatum(scope.name))
  names.push(...[...cx.module.interp.globals.keys()].map((s) => printDatum(s)))
  if (cx.module.maps.has(name.name.toLowerCase().replaceAll('-', '_'))) {
    return `\`${printDatum(name)}\` is a map; read it with \`(getmap ${printDatum(name)} key)\``
  }
  const close = didYouMean(printDatum(name), names)
  return (
    close ??
    didYouMean(
      printDatum(name)
        .toUpperCase()
        .replace(/^\+|\+$/g, '')
        .replaceAll('-', '_'),
      Object.keys(CONSTANTS),
    )
  )
}
