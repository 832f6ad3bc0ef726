/** The page of ways to attach: the table of kinds, and what the attach tests counted on which kernel. */
import { readFileSync } from 'node:fs'
import { ATTACH_KINDS, type AttachKindRow } from '../../packages/core/src/tables/attach-kinds.ts'
import { CASES } from '../../test/kernel/attach/cases.ts'
import { RECORDED, type Recorded } from '../../test/kernel/attach/record.ts'
import { codes, page, table } from './markdown.ts'

export function attachPage(): string {
  const kinds = Object.entries(ATTACH_KINDS).map(([name, row]: [string, AttachKindRow]) => [
    name,
    row.to,
    row.ways.map(({ by, since }) => `${by} (${since})`).join(', ') || 'not by the loader',
    codes(row.options) || '-',
    row.updateSince ?? '-',
    ['BPF', ...row.needs].map((capability) => `CAP_${capability}`).join(', '),
  ])
  return page(
    'Attaching',
    '`program.attach(options)` gives a link; the ways are tried in the order of this table. `pin` and `onExisting` go with every link. The column "other program" is the first kernel on which `link.update(program)` works.',
    table(['kind', 'attached to', 'ways (first kernel)', 'options', 'other program', 'needs'], kinds),
    '## Tested',
    '"Counted": a program was attached in namespaces and a cgroup of the test, its counter moved when something happened, and stood still after `detach()`. Linux 6.18 is the development machine, which has no kprobes and refuses trampolines; 6.1 and 6.12 are Debian\'s kernels in the small VM (`npm run test:vm`).',
    tested(),
  )
}

function tested(): string {
  const recorded: Recorded = JSON.parse(readFileSync(RECORDED, 'utf8'))
  const kernels = Object.keys(recorded).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const rows = CASES.map(({ name, kind }) => [name, kind, ...kernels.map((kernel) => recorded[kernel]![name] ?? '-')])
  return table(['case', 'kind', ...kernels], rows)
}
