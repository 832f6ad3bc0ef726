/**
 * Attaches everything that an object says by itself: programs whose section names what they are attached to, as libbpf's
 * skeletons do, and those that options are given for. All or nothing: after a failure nothing is attached.
 */
import { attachKindRow } from '../tables/attach-kinds.ts'
import { PROGRAM_TYPES, type ProgramTypeName, type ProgramTypeRow } from '../tables/program-types.ts'
import { matchSection } from '../tables/sections.ts'
import type { AttachOptions, Link } from './attach.ts'
import type { ProgramBackend } from './backend.ts'
import { nearName } from './near.ts'

/** By name of the program; `false` leaves it out. */
export type AttachAllOptions<Name extends string = string> = {
  readonly [name in Name]?: AttachOptions | false | undefined
}

/** What `attachAll` did. Closing closes every link. */
export interface AttachedLinks<Name extends string = string> extends Disposable {
  readonly links: ReadonlyMap<Name, Link>
  /** Programs that need more than their section says (an interface, a cgroup), and none was given. */
  readonly skipped: readonly Name[]
  close(): void
}

/** @param programs by the name that the options and the result use */
export function attachAll<Name extends string>(
  programs: ReadonlyMap<Name, Pick<ProgramBackend, 'spec' | 'attach'>>,
  options: AttachAllOptions<Name> = {},
): AttachedLinks<Name> {
  checkNames(programs, Object.keys(options))
  const links = new Map<Name, Link>()
  const skipped: Name[] = []
  const close = () => {
    for (const link of [...links.values()].reverse()) link.close()
  }
  try {
    for (const [name, program] of programs) {
      const own = options[name]
      if (own === false) continue
      if (own === undefined && !saysTarget(program.spec)) skipped.push(name)
      else links.set(name, program.attach(own ?? {}))
    }
  } catch (error) {
    close()
    throw error
  }
  return { links, skipped, close, [Symbol.dispose]: close }
}

function checkNames(programs: ReadonlyMap<string, unknown>, names: readonly string[]): void {
  for (const name of names) {
    if (programs.has(name)) continue
    const near = nearName(name, programs.keys())
    throw new TypeError(
      `attachAll: there is no program ${name}; ${near === undefined ? `programs are ${[...programs.keys()].join(', ')}` : `did you mean ${near}?`}`,
    )
  }
}

/** Whether the section says everything that attaching needs. */
export function saysTarget({ type, section, attachTarget }: ProgramBackend['spec']): boolean {
  const row: ProgramTypeRow | undefined = PROGRAM_TYPES[type as ProgramTypeName]
  const kind = matchSection(section)?.entry.link ?? row?.link
  if (kind === undefined || !attachKindRow(kind).automatic) return false
  // Walking the elements of a map needs the map.
  return attachTarget !== undefined && attachTarget !== 'bpf_map_elem'
}
