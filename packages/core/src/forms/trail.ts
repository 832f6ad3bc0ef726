/** Macro trails as notes of a diagnostic, innermost macro first. */
import type { Note } from '../diag/diagnostic.ts'
import type { Trail } from './node.ts'

/** Deep recursion of a macro would bury the message; the rest is counted. */
const MAX_NOTES = 6

export function trailNotes(trail: Trail | undefined): Note[] {
  const notes: Note[] = []
  let left = 0
  for (let t = trail; t; t = t.parent) {
    if (notes.length < MAX_NOTES) notes.push({ message: `in the expansion of \`${t.macro}\``, span: t.span })
    else left++
  }
  if (left > 0) notes.push({ message: `and ${left} more expansions around it` })
  return notes
}
