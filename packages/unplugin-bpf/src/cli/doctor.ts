/** `unplugin-bpf doctor [--json]`: what of this machine helps or hinders. Exit code 1 when nothing can be loaded. */
import pc from 'picocolors'
import { type CheckResult, runChecks, type Status } from './doctor-checks.ts'
import { Refused } from './refused.ts'

const MARKS: Readonly<Record<Status, string>> = {
  ok: pc.green('ok  '),
  warning: pc.yellow('warn'),
  failure: pc.red('FAIL'),
  unknown: pc.dim('?   '),
}

export function doctorCommand(flags: { readonly json?: true }): void {
  const checks = runChecks()
  const failed = checks.filter((check) => check.status === 'failure')
  if (flags.json) console.log(JSON.stringify({ ok: failed.length === 0, checks }, null, 2))
  else console.log(checks.map(printCheck).join('\n'))
  if (failed.length > 0)
    throw new Refused(
      `error: programs cannot be loaded into this kernel (${failed.map((check) => check.id).join(', ')})`,
    )
}

function printCheck({ title, status, message, remedy }: CheckResult): string {
  const line = `${MARKS[status]} ${title.padEnd(16)} ${message}`
  return remedy === undefined ? line : `${line}\n${' '.repeat(22)}${pc.dim('->')} ${remedy}`
}
