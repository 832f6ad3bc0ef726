/**
 * Reads the kernel verifier's log: which instruction it stopped at, and why. The log is meant for people and has no
 * fixed grammar; what is relied upon (kernel/bpf/verifier.c and log.c, 5.10 to 6.18):
 *
 *   12: (71) r1 = *(u8 *)(r2 +0)      ; R1=... an instruction it looks at; 12 counts slots
 *   ; return *p; @ prog.c:7           source line of the next instruction
 *   from 5 to 9: R0=...               goes on with another branch
 *   R1 invalid mem access 'scalar'    the reason: lines between the last instruction and the summary
 *   processed 13 insns (limit ...     summary
 *
 * Structural faults have no instruction lines; their reason names the slot ("unreachable insn 4"). From 7.3 the end has
 * the form "Reason: ... / At: ... / Causal path: ... / Suggestion: ...".
 */
export interface VerifierVerdict {
  /** One line. */
  readonly reason: string
  readonly slot: number | undefined
  readonly suggestion: string | undefined
}

const INSN_LINE = /^(\d+): \([0-9a-f]{2}\) /
const SUMMARY = /^(processed \d+ insns|verification time|stack depth|mark_read|insns processed)/
/** Lines that tell of the verifier's progress, not of its verdict. */
const PROGRESS = [
  /^;/,
  /^from \d+ to \d+( \(speculative execution\))?:/,
  /^\d+: R\d+/,
  /^\d+: (safe|fp|frame)/,
  /^R\d+(_\w+)?=/,
  /^ ?R\d+(_\w+)?=/,
  /^fp-\d+/,
  /^mark_precise:/,
  /^(last_idx|regs=|parent didn't|parent already|frame\d+: )/,
  /^func#\d+ @\d+/,
  /^(caller|callee|returning from callee|to caller at|propagating )/,
  /^Live regs before insn|^\s+\d+: [.\d]{10,} /,
  /^Global function|^Validating|^Func#/,
  /^(number of |number funcs|btf)/,
]

export function parseVerifierLog(log: string): VerifierVerdict {
  const lines = log.split('\n').map((line) => line.trimEnd())
  const structured = parseStructured(lines)
  if (structured) return structured
  let slot: number | undefined
  let reasons: string[] = []
  for (const line of lines) {
    const insn = INSN_LINE.exec(line)
    if (insn) {
      slot = Number(insn[1])
      reasons = []
    } else if (line !== '' && !SUMMARY.test(line) && !PROGRESS.some((pattern) => pattern.test(line))) reasons.push(line)
  }
  const named = reasons.map(namedSlot).find((found) => found !== undefined)
  return { reason: joinReasons(reasons), slot: named ?? slot, suggestion: undefined }
}

/** The slot that a reason names itself; for a jump it is the jump, not its target. */
function namedSlot(reason: string): number | undefined {
  const match = /\bfrom insn (\d+)\b/.exec(reason) ?? /\b(?:at|unreachable) insn (\d+)\b/.exec(reason)
  return match ? Number(match[1]) : undefined
}

/** The first line says what is wrong; the others explain it. Long chains keep their beginning. */
function joinReasons(reasons: readonly string[]): string {
  if (reasons.length === 0) return 'no reason given'
  return reasons
    .slice(0, 3)
    .map((line) => line.trim())
    .join('; ')
}

function parseStructured(lines: readonly string[]): VerifierVerdict | undefined {
  const field = (name: string) => {
    const pattern = new RegExp(`^\\s*${name}:\\s*(.+)$`)
    return lines.map((line) => pattern.exec(line)?.[1]).findLast((found) => found !== undefined)
  }
  const reason = field('Reason')
  if (reason === undefined) return undefined
  const at = /\b(?:insn\s+)?(\d+)\b/.exec(field('At') ?? '')
  const last = lines.map((line) => INSN_LINE.exec(line)?.[1]).findLast((found) => found !== undefined)
  const slot = at?.[1] ?? last
  return { reason, slot: slot === undefined ? undefined : Number(slot), suggestion: field('Suggestion') }
}
