/** What every way of attaching is given, and the check that the options suit the kind of program. */
import {
  type AttachInterface,
  type AttachOptionName,
  attachKindRow,
  type LinkKind,
  type ProgramSpec,
} from '@unplugin-bpf/core/object'
import type { AttachOptions } from '@unplugin-bpf/core/runtime'
import type { FailureContext } from '../errors.ts'
import { nearText } from '../near-names.ts'
import type { Capability } from '../system-state.ts'

export interface AttachRequest {
  readonly spec: ProgramSpec
  readonly programFd: number
  readonly kind: LinkKind
  readonly options: AttachOptions
}

/** Options that go with every kind. */
const COMMON: readonly string[] = ['pin', 'onExisting']

/** @throws TypeError for an option that means nothing for this kind of program. */
export function checkOptions({ spec, kind, options }: AttachRequest): void {
  const row = attachKindRow(kind)
  const known = [...row.options, ...COMMON]
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known.includes(name)) continue
    const takes = row.options.length === 0 ? 'none of its own' : row.options.join(', ')
    throw new TypeError(
      `program "${spec.name}": attach() has no option "${name}" for ${spec.section} programs; it takes ${takes}${nearText(name, known)}`,
    )
  }
  if (options.onExisting !== undefined && !['adopt', 'replace', 'fail'].includes(options.onExisting))
    throw new TypeError(`onExisting is 'adopt', 'replace' or 'fail', not ${JSON.stringify(options.onExisting)}`)
  if (options.via !== undefined && !['auto', 'link', 'netlink'].includes(options.via))
    throw new TypeError(`via is 'auto', 'link' or 'netlink', not ${JSON.stringify(options.via)}`)
}

/** What an error of the kernel is explained with. `by`: the only way that was asked for. */
export function explain(kind: LinkKind, causes: FailureContext['causes'] = {}, by?: AttachInterface): FailureContext {
  const { ways, needs } = attachKindRow(kind)
  const since = (by === undefined ? ways.at(-1) : ways.find((way) => way.by === by))?.since
  const capabilities: Capability[] = ['BPF', ...needs]
  return { needs: capabilities, causes, since }
}

/** An option's value, or a TypeError that shows how it is given. */
export function required<K extends AttachOptionName>(
  { spec, options }: AttachRequest,
  name: K,
  example: string,
): NonNullable<AttachOptions[K]> {
  const value = options[name]
  if (value === undefined || value === null)
    throw new TypeError(`attaching ${spec.type} program "${spec.name}" needs the option ${name}: attach(${example})`)
  return value as NonNullable<AttachOptions[K]>
}

/** One of a table's names, or a TypeError with all of them. */
export function choice<T>(table: Readonly<Record<string, T>>, value: string, option: string): T {
  if (Object.hasOwn(table, value)) return table[value]!
  throw new TypeError(
    `attach option ${option}: ${JSON.stringify(value)} is none of ${Object.keys(table).join(', ')}${nearText(value, Object.keys(table))}`,
  )
}

/** The section's target or those that the options name instead. */
export function targetsOf({ spec, options }: AttachRequest): readonly string[] {
  const { target = spec.attachTarget } = options
  if (target === undefined) return []
  return typeof target === 'string' ? [target] : target
}
