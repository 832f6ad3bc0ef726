/** A failing program as a file for test/filetests/run: what the reference did is what the others must do. */
import type { MapSpec } from '../../packages/core/src/object/object.ts'
import type { Observation } from '../kernel/differential.ts'
import { hex } from '../kernel/differential.ts'
import { printSexps, type Sexp } from './sexp.ts'

export interface FiletestInput {
  readonly forms: readonly Sexp[]
  readonly about: string
  readonly packets: readonly Uint8Array[]
  readonly expected: Observation
  readonly maps: readonly MapSpec[]
}

export function filetest({ forms, about, packets, expected, maps }: FiletestInput): string {
  const runs = packets.map((packet, i) => `;; run main hex ${hex(packet)} = ${expected.runs[i]!.retval >>> 0}`)
  const lines = maps.flatMap((map) => (expected.maps[map.name] ?? []).flatMap((entry) => mapLine(map, entry)))
  return [`;;; ${about}`, ';; test run', ...runs, ...lines, '', printSexps(forms)].join('\n')
}

/** Directives hold integers; entries of other maps are left out. */
function mapLine({ name, type, keySize, valueSize }: MapSpec, entry: string): string[] {
  const [key, value] = entry.split('=') as [string, string]
  if (![1, 2, 4, 8].includes(keySize) || valueSize > 8) return []
  const number = type.startsWith('percpu') ? value : String(littleEndian(value))
  return number === '0' && type.endsWith('array') ? [] : [`;; map ${name}[${littleEndian(key)}] = ${number}`]
}

const littleEndian = (digits: string): bigint => BigInt(`0x${digits.match(/../g)!.reverse().join('')}`)
