/**
 * Assembler: reads what bpf/disasm writes, and labels. One instruction a line; `;`, `//` and `#` begin comments; a slot number
 * in front (`12:`) is ignored.
 *
 *   loop:
 *     r1 += -1
 *     if r1 != 0 goto loop
 *     exit
 *
 * A line that is no instruction is `Abort('bad-syntax')`. Local calls to labels are written `call pc loop`.
 */
import { Abort } from '../diag/diagnostic.ts'
import { type SourceFile, type Span, sourceFile } from '../diag/source.ts'
import { ASM_RULES, type Target } from './asm-rules.ts'
import { type Insn, slotsOf } from './insn.ts'

interface Line {
  readonly text: string
  readonly span: Span
}

/** An instruction whose jump distance may still be a label. */
interface Pending {
  readonly insn: Insn
  readonly target: Target | undefined
  readonly span: Span
  readonly slot: number
}

export function assemble(text: string, name = 'asm'): Insn[] {
  const labels = new Map<string, number>()
  const pending: Pending[] = []
  let slot = 0
  for (const line of splitLines(sourceFile(name, text))) {
    const label = /^([A-Za-z_.$][\w.$]*):$/.exec(line.text)?.[1]
    if (label !== undefined) {
      if (labels.has(label)) throw new Abort('bad-syntax', line.span, `the label ${label} is defined twice`)
      labels.set(label, slot)
      continue
    }
    const { insn, target } = assembleLine(line)
    pending.push({ insn, target, span: line.span, slot })
    slot += slotsOf(insn)
  }
  return pending.map((p) => resolve(p, labels))
}

/** Lines without comments, slot numbers and blanks, each with its place; a label before an instruction is its own line. */
function* splitLines(file: SourceFile): Generator<Line> {
  for (let i = 0; i < file.lineStarts.length; i++) {
    const start = file.lineStarts[i]!
    const raw = file.text.slice(start, file.lineStarts[i + 1] ?? file.text.length)
    const code = raw.replace(/(;|\/\/|#).*/s, '')
    const match = /^\s*(?:\d+:)?\s*(?:([A-Za-z_.$][\w.$]*:)(?=\s))?\s*(.*?)\s*$/s.exec(`${code}\n`)
    const span = { file, start, end: start + code.trimEnd().length }
    for (const text of [match?.[1], match?.[2]]) if (text) yield { text, span }
  }
}

function assembleLine(line: Line): { insn: Insn; target: Target | undefined } {
  for (const [pattern, make] of ASM_RULES) {
    const match = pattern.exec(line.text)
    if (!match) continue
    const made = make(match)
    if (made) return 'insn' in made ? made : { insn: made, target: undefined }
  }
  throw new Abort('bad-syntax', line.span, `\`${line.text}\` is no BPF instruction`, {
    hint: 'the syntax is that of llvm-objdump, for example `r0 = *(u32 *)(r1 + 4)`',
  })
}

function resolve({ insn, target, span, slot }: Pending, labels: ReadonlyMap<string, number>): Insn {
  if (target === undefined) return insn
  const distance = /^[+-]?\d+$/.test(target.to) ? Number(target.to) : labelDistance(target.to, { span, slot, labels })
  return { ...insn, [target.field]: distance }
}

interface Place {
  readonly span: Span
  readonly slot: number
  readonly labels: ReadonlyMap<string, number>
}

function labelDistance(label: string, { span, slot, labels }: Place): number {
  const at = labels.get(label)
  if (at === undefined) throw new Abort('bad-syntax', span, `there is no label ${label}`)
  return at - slot - 1
}
