/** Completes what the book leaves open. */
import type { Completion, Replacement } from './treatment.ts'

/** The block as a whole source. */
export function complete(text: string, { before = '', wrap = '$', replace = [] }: Completion): string {
  const filled = replace.reduce(substitute, text).replaceAll('...', '0')
  return `${before}\n${wrap.replace('$', () => `\n${filled}\n`)}`
}

function substitute(text: string, [what, by]: Replacement): string {
  return typeof what === 'string' ? text.replaceAll(what, by) : text.replace(what, by)
}

/** The declarations in front of a session and those inside, written as those of a file. */
export function sessionPrograms(text: string): string {
  const structs = listsStarting(text, '(whistler:defstruct ')
  const inside = [...listsStarting(text, '(bpf:map '), ...listsStarting(text, '(bpf:prog ')]
  return [...structs, ...inside].join('\n').replaceAll('(bpf:', '(def')
}

/** Every list of the text that starts so. */
function listsStarting(text: string, start: string): string[] {
  const found: string[] = []
  for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, at + 1)) {
    let depth = 0
    let end = at
    do {
      if (text[end] === '(') depth += 1
      if (text[end] === ')') depth -= 1
      end += 1
    } while (depth > 0)
    found.push(text.slice(at, end))
  }
  return found
}
