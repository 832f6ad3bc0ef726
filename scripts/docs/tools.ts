/** Pages of the tools: diagnostics, command line, optimisation passes. */
import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { DIAGNOSTIC_CODES } from '../../packages/core/src/diag/codes.ts'
import type { Pass } from '../../packages/core/src/opt/pass.ts'
import { PIPELINE } from '../../packages/core/src/opt/pipeline.ts'
import { CHECKS } from '../../packages/unplugin-bpf/src/cli/doctor-checks.ts'
import { buildProgram } from '../../packages/unplugin-bpf/src/cli/main.ts'
import { code, page, table } from './markdown.ts'

export function diagnosticsPage(): string {
  return page(
    'Diagnostics',
    'Every error and warning has a code. Examples of each are in `test/filetests`, with the exact place and text.',
    table(
      ['code', 'meaning'],
      Object.entries(DIAGNOSTIC_CODES).map(([name, title]) => [code(name), title]),
    ),
  )
}

export function cliPage(): string {
  const program = buildProgram()
  return page(
    'Command line',
    'Exit codes: 0 done, 1 a source or object was refused (or the machine, by `doctor`), 2 the command line was wrong. Results go to stdout, everything else to stderr.',
    ...program.commands.map(commandSection),
    '## Checks of doctor',
    'The ids in `doctor --json` do not change.',
    table(
      ['id', 'shown as'],
      CHECKS.map(({ id, title }) => [code(id), title]),
    ),
  )
}

function commandSection(command: Command): string {
  const args = command.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name()
    return argument.required ? `<${name}>` : `[${name}]`
  })
  const options = command.options.map((option) => {
    const choices = option.argChoices ? ` (${option.argChoices.join(', ')})` : ''
    const preset = option.defaultValue === undefined ? '' : `; default ${option.defaultValue}`
    return [code(option.flags), `${option.description}${choices}${preset}`]
  })
  const usage = ['unplugin-bpf', command.name(), ...(options.length > 0 ? ['[options]'] : []), ...args].join(' ')
  return [
    `## ${command.name()}`,
    `${sentence(command.description())}\n\n    ${usage}`,
    ...(options.length > 0 ? [table(['option', 'meaning'], options)] : []),
  ].join('\n\n')
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}

const OPT = new URL('../../packages/core/src/opt/', import.meta.url)

/** docs/passes.md: the headers of the pass files, in the order in which the passes first run. */
export function passesPage(): string {
  const seen = new Map<string, Pass>()
  for (const pass of PIPELINE.flatMap((step) => step.passes)) seen.set(pass.name, pass)
  const schedule = PIPELINE.map((step) => [
    step.rounds === 1 ? '' : code(step.name),
    step.passes.map((pass) => `[${pass.name}](#${pass.name})`).join(', '),
    step.rounds === 1 ? 'once' : 'until nothing changes',
  ])
  return page(
    'Optimisation passes',
    'The schedule is `packages/core/src/opt/pipeline.ts`; the texts below are the headers of the pass files. `--skip NAME` leaves a pass out, `--print-after=NAME` shows what it made. The SSA is verified after every pass that changed something.',
    '## Schedule',
    table(['group', 'passes', 'runs'], schedule),
    ...[...seen.values()].map(passSection),
  )
}

function passSection(pass: Pass): string {
  const file = [`${pass.name}.ts`, `${pass.name}/index.ts`].find((name) => existsSync(new URL(name, OPT)))
  if (file === undefined) throw new Error(`no file is named after the pass ${pass.name}`)
  const path = `packages/core/src/opt/${file}`
  const required = pass.required ? ' It cannot be skipped.' : ''
  const header = headerOf(readFileSync(new URL(file, OPT), 'utf8'), path)
  return [`## ${pass.name}`, header, `[${path}](../${path}).${required}`].join('\n\n')
}

/** The first comment of a file as Markdown: indented lines are code. */
export function headerOf(text: string, path: string): string {
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1]
  if (comment === undefined) throw new Error(`${path} does not begin with a comment`)
  const lines = comment.split('\n').map((line) => line.replace(/^ \* ?/, '').trimEnd())
  const out: string[] = []
  let inCode: boolean = false
  for (const [i, line] of lines.entries()) {
    const indented = /^ {2}/.test(line)
    const blankInside: boolean = line === '' && inCode && /^ {2}/.test(lines[i + 1] ?? '')
    if (indented && !inCode) out.push('', '```text')
    if (inCode && !indented && !blankInside) out.push('```', '')
    inCode = indented || blankInside
    out.push(inCode ? line.replace(/^ {2}/, '') : line)
  }
  if (inCode) out.push('```')
  return out
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}
