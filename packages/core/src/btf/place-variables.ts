/**
 * Completes the DATASECs of BTF that clang wrote: it leaves their size and the offsets of their variables at 0 for the
 * loader to fill in from the symbols, and lists variables in the order of their use. The kernel wants both right and
 * ascending (`btf_datasec_check_meta` in kernel/bpf/btf.c, 6.18).
 *
 *   DATASEC '.maps' size=0  [b off 0] [a off 0]   ->   size=56  [a off 0] [b off 32]
 *
 * Sections that have a size already, and those without an ELF section (`.ksyms`), stay as they are.
 */
import { plainBytes } from '../bytes/plain.ts'
import { badObject } from '../bytes/reader.ts'
import { type Btf, readBtf } from './reader.ts'
import type { BtfSecVar, BtfTypeId, BtfTypeOf } from './types.ts'
import { BTF_TYPE_SIZE } from './types.ts'

export interface SectionVariables {
  /** Bytes of the section. */
  readonly size: number
  /** Offset of each variable, by name. */
  readonly offsets: ReadonlyMap<string, number>
}

/** A copy of the BTF with complete DATASECs. */
export function placeVariables(
  bytes: Uint8Array,
  variablesOf: (section: string) => SectionVariables | undefined,
): Uint8Array {
  const btf = readBtf(bytes)
  const out = plainBytes(bytes).slice()
  const view = new DataView(out.buffer)
  for (const id of btf.idsOf('datasec')) {
    const section = btf.type(id) as BtfTypeOf<'datasec'> // idsOf gives this kind only
    const variables = section.size === 0 ? variablesOf(section.name) : undefined
    if (variables) writeSection(view, { at: btf.recordOffset(id), ...placed(btf, id, section, variables) })
  }
  return out
}

interface Placed {
  readonly size: number
  readonly vars: readonly BtfSecVar[]
}

function placed(btf: Btf, id: BtfTypeId, section: BtfTypeOf<'datasec'>, variables: SectionVariables): Placed {
  const vars = section.vars.map((v) => {
    const name = btf.nameOf(v.type)
    const offset = variables.offsets.get(name)
    if (offset === undefined)
      throw badObject(`BTF type ${id} has variable ${name} in section ${section.name}, which has no such symbol`)
    return { ...v, offset }
  })
  return { size: variables.size, vars: vars.sort((a, b) => a.offset - b.offset) }
}

function writeSection(view: DataView, { at, size, vars }: Placed & { readonly at: number }): void {
  view.setUint32(at + 8, size, true)
  vars.forEach((v, i) => {
    const entry = at + BTF_TYPE_SIZE + i * 12
    view.setUint32(entry, v.type, true)
    view.setUint32(entry + 4, v.offset, true)
    view.setUint32(entry + 8, v.size, true)
  })
}
