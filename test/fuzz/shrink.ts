/**
 * Makes a failing program smaller while it keeps failing in the same way: forms are dropped, replaced by one of their
 * own subforms or by a number. Candidates that the compiler refuses do not fail, so nothing here knows the language.
 */
import type { Sexp } from './sexp.ts'
import { sizeOfSexp } from './sexp.ts'

export function shrink(
  forms: readonly Sexp[],
  stillFails: (forms: readonly Sexp[]) => boolean,
  attempts = 3000,
): readonly Sexp[] {
  let best: Sexp = forms
  let left = attempts
  for (let again = true; again && left > 0; ) {
    again = false
    let position = 0
    for (;;) {
      const smaller = candidates(best, position)
      if (!smaller) break
      const found = smaller.find((candidate) => left-- > 0 && stillFails(candidate as readonly Sexp[]))
      if (found === undefined) position++
      else {
        best = found
        again = true
      }
      if (left <= 0) break
    }
  }
  return best as readonly Sexp[]
}

/** Smaller trees that differ at the n-th list of the tree, largest step first; undefined behind the last one. */
function candidates(root: Sexp, n: number): Sexp[] | undefined {
  const path = pathOfList(root, n)
  if (!path) return undefined
  const list = at(root, path) as readonly Sexp[]
  const results: Sexp[] = []
  if (path.length > 0) for (const number of ['0', '1', '2']) results.push(put(root, path, number))
  const parts = list.filter((item) => typeof item !== 'string').sort((a, b) => sizeOfSexp(a) - sizeOfSexp(b))
  if (path.length > 0) for (const part of parts) results.push(put(root, path, part))
  for (let i = path.length > 0 ? 1 : 0; i < list.length; i++) {
    results.push(put(root, path, [...list.slice(0, i), ...list.slice(i + 1)]))
  }
  return results
}

type Path = readonly number[]

function pathOfList(root: Sexp, n: number): Path | undefined {
  let index = -1
  const walk = (sexp: Sexp, path: Path): Path | undefined => {
    if (typeof sexp === 'string') return undefined
    if (++index === n) return path
    for (const [i, item] of sexp.entries()) {
      const found = walk(item, [...path, i])
      if (found) return found
    }
    return undefined
  }
  return walk(root, [])
}

const at = (root: Sexp, path: Path): Sexp => path.reduce((sexp, i) => (sexp as readonly Sexp[])[i]!, root)

function put(root: Sexp, [first, ...rest]: Path, value: Sexp): Sexp {
  if (first === undefined) return value
  return (root as readonly Sexp[]).map((item, i) => (i === first ? put(item, rest, value) : item))
}
