/** What the tables say of a kernel's version, against what the kernel said when it was asked. */
import {
  attachKindRow,
  HELPER_NAMES,
  helperSince,
  type LinkKind,
  MAP_TYPES,
  type MapTypeName,
  PROGRAM_TYPES,
  type ProgramTypeName,
} from '@unplugin-bpf/core/object'
import { atLeast, type KernelFeatures } from '@unplugin-bpf/loader'

/** Parts that a kernel of the right version may be built without: asked and absent is no contradiction. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'program type lirc_mode2',
  'attach kind netkit',
  'attach kind kprobe_multi',
  'attach kind uprobe_multi',
  'attach kind netfilter',
  'program type netfilter',
])

/** Contradictions in both directions: absent although new enough, there although too old. */
export function contradictions({ programTypes, mapTypes, helpers, attachKinds }: KernelFeatures, kernel: string) {
  const found: string[] = []
  const compare = (what: string, since: string, answer: string) => {
    const expected = atLeast(kernel, since)
    if (answer === 'unknown' || (expected && answer === 'no' && OPTIONAL.has(what))) return
    if (expected !== (answer !== 'no')) found.push(`${what}: ${answer} on ${kernel}, the table says ${since}`)
  }
  for (const name of Object.keys(programTypes) as ProgramTypeName[])
    compare(`program type ${name}`, PROGRAM_TYPES[name].since, programTypes[name])
  for (const name of Object.keys(mapTypes) as MapTypeName[])
    compare(`map type ${name}`, MAP_TYPES[name].since, mapTypes[name])
  for (const name of HELPER_NAMES) compare(`helper ${name}`, helperSince(name), helpers[name])
  for (const kind of Object.keys(attachKinds) as LinkKind[]) {
    const { ways } = attachKindRow(kind)
    const answer = attachKinds[kind]
    if (ways.length === 0) continue
    // The best interface that the version has, where the kernel has the kind at all.
    compare(`attach kind ${kind}`, ways.at(-1)!.since, answer)
    const best = ways.find(({ since }) => atLeast(kernel, since))?.by
    if (answer !== 'no' && answer !== 'unknown' && answer !== best)
      found.push(`attach kind ${kind}: by ${answer} on ${kernel}, the table says ${best}`)
  }
  return found
}
