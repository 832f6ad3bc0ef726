/** Runs and map contents as text: for snapshots, failure messages and the command line. */
import { formatPacket } from '@unplugin-bpf/core/packets'
import type { LooseShape, MapsSnapshot, SimulatedRun } from './types.ts'

/** A value on one line: bigints as they are written, bytes in hex, keys without quotes. */
export function printValue(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `0x${hex(value)}`
  if (Array.isArray(value)) return `[${value.map(printValue).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const fields = Object.entries(value).map(([key, field]) => `${key}: ${printValue(field)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** One line for each thing that a run did. */
export function printRun(run: SimulatedRun<LooseShape>): string {
  const redirect = run.redirect && printValue(run.redirect.to)
  return [
    `retval   ${run.retval}`,
    ...(run.packet.length > 0 ? [`packet   ${formatPacket(run.layers)}`] : []),
    ...(redirect ? [`redirect ${redirect}`] : []),
    ...run.events.map(({ map, value }) => `event    ${map} ${printValue(value)}`),
    ...run.printed.map((line) => `printed  ${line.trimEnd()}`),
  ].join('\n')
}

/** Entries shown of one map. */
const SHOWN = 100

/** `syn_stats` with its values, one entry per line; zero entries of arrays are left out. */
export function printMaps(maps: MapsSnapshot): string {
  return Object.entries(maps)
    .map(([key, content]) => printMap(key, content))
    .join('\n')
}

function printMap(name: string, content: unknown): string {
  const isArray = Array.isArray(content)
  const all = isArray ? [...content.entries()] : [...(content as ReadonlyMap<unknown, unknown>)]
  const entries = isArray ? all.filter(([, value]) => !isZero(value)) : all
  const zeros = all.length - entries.length
  const empty = isArray ? `${name}: all ${all.length} are zero` : `${name}: empty`
  if (entries.length === 0) return empty
  const lines = entries.slice(0, SHOWN).map(([key, value]) => `  ${printValue(key)} => ${printValue(value)}`)
  if (entries.length > SHOWN) lines.push(`  ... ${entries.length - SHOWN} more`)
  if (zeros > 0) lines.push(`  the other ${zeros} are zero`)
  return [`${name}:`, ...lines].join('\n')
}

function isZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isZero)
  return value === 0 || value === 0n || value === false || value === ''
}
