/** Pages of what the kernel offers: helpers, program types, contexts, map types, headers, constants. */
import { CONSTANTS } from '../../packages/core/src/tables/constants.ts'
import { CONTEXTS, type ContextField, type ContextRow } from '../../packages/core/src/tables/contexts.ts'
import { helperAllowed, helperNeedsGpl } from '../../packages/core/src/tables/helpers/availability.ts'
import { HELPER_NAMES, helperId, helperRow } from '../../packages/core/src/tables/helpers/index.ts'
import type { ArgKind, ReturnKind } from '../../packages/core/src/tables/kinds.ts'
import { MAP_TYPES, type MapTypeRow } from '../../packages/core/src/tables/map-types.ts'
import { toLispName } from '../../packages/core/src/tables/names.ts'
import {
  PROGRAM_TYPES,
  type ProgramTypeName,
  type ProgramTypeRow,
  type SectionRow,
} from '../../packages/core/src/tables/program-types.ts'
import { HEADERS, type HeaderRow } from '../../packages/core/src/tables/protocols.ts'
import { type IntType, scalarName } from '../../packages/core/src/types/types.ts'
import { code, codes, page, table } from './markdown.ts'

const TYPES = Object.keys(PROGRAM_TYPES) as ProgramTypeName[]

export function helpersPage(): string {
  const byId = [...HELPER_NAMES].sort((a, b) => helperId(a) - helperId(b))
  const rows = byId.map((name) => {
    const row = helperRow(name)
    const asked = TYPES.filter((type) => helperAllowed(type, name) !== 'unknown')
    const users = asked.filter((type) => helperAllowed(type, name) === true)
    const notes = [
      users.length > 0 && users.every((type) => helperNeedsGpl(type, name)) ? 'GPL' : '',
      row.sleepable ? 'sleepable programs' : '',
      row.minArgs === undefined ? '' : `at least ${row.minArgs} arguments`,
    ]
    const where =
      users.length === asked.length ? 'all' : users.length === 0 ? '-' : users.map((type) => toLispName(type)).join(' ')
    const call = `(${[toLispName(name), ...row.args.map(argument)].join(' ')})`
    return [String(helperId(name)), code(call), result(row.ret), where, notes.filter(Boolean).join(', '), row.doc]
  })
  return page(
    'Helpers',
    `The ${HELPER_NAMES.length} helpers of Linux 6.18, called by name; arguments are checked when a program is compiled. ` +
      'The column of program types is what the kernel answered when it was asked; tracing, LSM and a few other types, where it depends on the attach target, are not in it.',
    table(['id', 'call', 'gives', 'program types', 'needs', 'meaning'], rows),
  )
}

function argument(arg: ArgKind): string {
  return toLispName(arg.name)
}

function result(ret: ReturnKind): string {
  switch (ret.kind) {
    case 'int':
      return `${ret.signed ? 'i' : 'u'}${ret.bits}`
    case 'void':
      return '-'
    case 'mapValueOrNull':
      return 'map value or 0'
    case 'recordOrNull':
      return 'record or 0'
    case 'ptr':
      return `pointer (${ret.of ?? ret.space})${ret.nullable ? ' or 0' : ''}`
  }
}

export function programTypesPage(): string {
  const parts = TYPES.map((name) => {
    const row: ProgramTypeRow = PROGRAM_TYPES[name]
    const names = [name, ...row.aliases].map((alias) => code(`:${toLispName(alias)}`))
    const facts = [
      `- \`:type\` ${names.join(', ')}`,
      `- context: ${row.context === undefined ? 'depends on the attach target' : `[${row.context}](contexts.md#${anchor(row.context)})`}`,
      ...(Object.keys(row.verdicts).length > 0
        ? [
            `- verdicts: ${Object.entries(row.verdicts)
              .map(([verdict, value]) => `\`${verdict}\` (${value})`)
              .join(', ')}`,
          ]
        : []),
      ...(row.returns ? [`- return value: ${row.returns[0]} to ${row.returns[1]}`] : []),
      `- packet access: ${row.directPacketAccess === 'readWrite' ? 'read and write' : row.directPacketAccess}`,
      `- can be run without attaching (\`run\`): ${row.testRun ? 'yes' : 'no'}`,
    ]
    return [`## ${name}`, facts.join('\n'), sections(row.sections)].join('\n\n')
  })
  return page(
    'Program types',
    'The type comes from `:type`, or from the section when that says something else. The first section is the default one.',
    ...parts,
  )
}

function sections(rows: readonly SectionRow[]): string {
  return table(
    ['section', 'attach type', 'notes'],
    rows.map((row) => {
      const name =
        row.target === 'none' ? row.name : row.target === 'optional' ? `${row.name}[/TARGET]` : `${row.name}/TARGET`
      const notes = [
        row.returns ? `returns ${row.returns[0]} to ${row.returns[1]}` : '',
        row.onReturn ? 'on return' : '',
        row.sleepable ? 'sleepable' : '',
        row.frags ? 'multi-buffer packets' : '',
        row.btfTarget ? 'the target is a kernel function or hook' : '',
      ]
      return [code(name), row.attachType ?? '-', notes.filter(Boolean).join(', ')]
    }),
  )
}

export function contextsPage(): string {
  const parts = Object.values<ContextRow>(CONTEXTS).map((row) => {
    const users = TYPES.filter((type) => {
      const program: ProgramTypeRow = PROGRAM_TYPES[type]
      return program.context !== undefined && CONTEXTS[program.context] === row
    })
    const rows = row.fields.map((field) => [
      code(toLispName(field.name)),
      `${scalarName(field.type)}${field.length === undefined ? '' : `[${field.length}]`}`,
      String(field.offset),
      access(field, users),
    ])
    const head = users.length === 0 ? '' : `Of ${codes(users)}.`
    const size = row.size === 0 ? 'Its size depends on the attach point.' : `${row.size} bytes.`
    return [
      `## ${row.struct}`,
      `${head} ${size}`.trim(),
      rows.length === 0 ? 'No fields by name.' : table(['field', 'type', 'offset', 'access'], rows),
    ].join('\n\n')
  })
  return page(
    'Contexts',
    'What a program sees behind its argument: `(ctx field)`, `(setf (ctx field) value)`, `(ctx field index)` for arrays. Values are as the kernel keeps them: ports and addresses in network order are not swapped.',
    ...parts,
  )
}

function access(field: ContextField, users: readonly string[]): string {
  const some = (list: readonly string[]): string => {
    const others = users.filter((user) => !list.includes(user))
    if (others.length === 0) return ''
    return others.length < 4 && list.length > 4 ? ` by all but ${codes(others)}` : ` by ${codes(list)}`
  }
  const parts = [
    field.pointer ? `pointer (${field.of ?? field.pointer})${field.nullable ? ' or 0' : ''}` : '',
    field.readable && some(field.readable) ? `read${some(field.readable)}` : '',
    field.writable ? `written${some(field.writable)}` : '',
    field.attachTypes ? `only ${codes(field.attachTypes)}` : '',
    field.writeAttachTypes ? `written only in ${codes(field.writeAttachTypes)}` : '',
  ].filter(Boolean)
  return parts.length === 0 ? 'read' : parts.join('; ')
}

const KEYS: Readonly<Record<MapTypeRow['key'], string>> = {
  any: 'any',
  index: 'u32 index',
  none: '-',
  lpm: 'prefix length and address',
  fd: 'a descriptor, for user space',
}
const ENTRIES: Readonly<Record<MapTypeRow['maxEntries'], string>> = {
  count: 'count',
  pageBytes: 'bytes, a power of two of pages',
  zero: '0',
  optional: 'optional',
}
const ACCESS: Readonly<Record<MapTypeRow['program'], string>> = {
  readWrite: 'read and write',
  lookup: 'lookup',
  helper: 'through its own helpers',
  none: '-',
}

export function mapTypesPage(): string {
  const rows = Object.entries<MapTypeRow>(MAP_TYPES).map(([name, row]) => [
    code(`:${toLispName(name)}`),
    row.since,
    KEYS[row.key],
    row.value === 'none' ? '-' : row.value === 'fd' ? 'a descriptor' : 'any',
    ENTRIES[row.maxEntries],
    row.perCpu ? 'yes' : '',
    ACCESS[row.program],
    code(row.handle),
  ])
  return page(
    'Map types',
    '`since` is the first kernel that has the type; `handle` is the class that JavaScript gets.',
    table(['`:type`', 'since', 'key', 'value', '`:max-entries`', 'per CPU', 'in programs', 'handle'], rows),
  )
}

export function protocolsPage(): string {
  const parts = Object.entries<HeaderRow>(HEADERS).map(([name, row]) => {
    const rows = Object.entries(row.fields).map(([field, { offset, type }]) => [
      code(`(${toLispName(`${name}_${field}`)} pointer)`),
      shown(type),
      String(offset),
    ])
    return [`## ${name}`, `${row.doc} ${row.size} bytes.`, table(['accessor', 'type', 'offset'], rows)].join('\n\n')
  })
  return page(
    'Protocol headers',
    'Accessors are places: `(setf (ipv4-ttl ip) 64)`. A field in network order is swapped when it is read or written; addresses are left as they lie in the packet.',
    ...parts,
  )
}

function shown(type: IntType): string {
  return `${scalarName(type)}${type.order === 'net' ? ', network order' : ''}`
}

export function constantsPage(): string {
  const rows = Object.entries<{ readonly value: bigint; readonly doc: string }>(CONSTANTS).map(([name, row]) => [
    code(`+${toLispName(name)}+`),
    String(row.value),
    row.doc,
  ])
  return page(
    'Constants',
    'In Lisp between plus signs, or as in C (`XDP_PASS`). In `.bpf.ts` they come from `unplugin-bpf/dsl`.',
    table(['name', 'value', 'meaning'], rows),
  )
}

function anchor(heading: string): string {
  return heading.toLowerCase().replace(/[^\w -]/g, '')
}
