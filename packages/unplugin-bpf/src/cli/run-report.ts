/** What `unplugin-bpf run` prints: text for people, JSON for programs. */
import { type CapturedPacket, formatPacket } from '@unplugin-bpf/core/packets'
import { hex, printMaps, printValue } from '../testing/print.ts'
import { formatTrace } from '../testing/recorder.ts'
import type { MapsSnapshot, SimulatedRun } from '../testing/types.ts'

export interface Report {
  readonly program: { readonly name: string; readonly section: string; readonly type: string }
  readonly backend: 'vm' | 'kernel'
  readonly runs: readonly { readonly packet: CapturedPacket | undefined; readonly run: SimulatedRun }[]
  readonly maps: MapsSnapshot
}

/** Packets with an account of their own; longer captures are counted only. */
const SHOWN = 20

export function reportText({ program, backend, runs, maps }: Report, detail: 'plain' | 'traced'): string {
  const shown = detail === 'traced' ? runs : runs.slice(0, SHOWN)
  const packets = shown.map(({ packet, run }, i) => {
    const head = `  ${String(i + 1).padStart(3)}  ${String(run.retval).padEnd(12)} ${packet ? formatPacket(packet.bytes) : ''}`
    const printed = run.printed.map((line) => `       printed: ${line.trimEnd()}`)
    const trace = detail === 'traced' ? [indent(formatTrace(run.trace), 7)] : []
    return [head.trimEnd(), ...printed, ...trace].join('\n')
  })
  if (runs.length > shown.length) packets.push(`  ... ${runs.length - shown.length} more`)
  const events = runs.flatMap(({ run }, i) =>
    run.events.map(({ map, value }) => `  ${String(i + 1).padStart(3)}  ${map} ${printValue(value)}`),
  )
  const counts = Object.entries(verdictCounts(runs)).map(([verdict, n]) => `${verdict} ${n}`)
  return [
    `${program.name} (${program.type}, section ${program.section}), ${backend}, ${runs.length} runs: ${counts.join(', ')}`,
    ...packets,
    ...(events.length > 0 ? ['events:', ...events] : []),
    ...(Object.keys(maps).length > 0 ? ['maps:', indent(printMaps(maps), 2)] : []),
  ].join('\n')
}

function verdictCounts(runs: Report['runs']): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { run } of runs) counts[run.retval] = (counts[run.retval] ?? 0) + 1
  return counts
}

const indent = (text: string, by: number): string => text.replaceAll(/^/gm, ' '.repeat(by))

export function reportJson({ program, backend, runs, maps }: Report): string {
  const report = {
    program,
    backend,
    verdicts: verdictCounts(runs),
    runs: runs.map(({ run: { retval, code, packet, events, printed, redirect, trace } }) => ({
      retval,
      code,
      packet,
      events,
      printed,
      redirect,
      lines: trace.map(({ file, line }) => `${file}:${line}`),
    })),
    maps,
  }
  return JSON.stringify(report, plain, 2)
}

/** Bytes as hex, maps as lists of entries, bigints as numbers where they are exact, else as text. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value)
  if (value instanceof Map) return [...value]
  if (typeof value !== 'bigint') return value
  return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER)
    ? Number(value)
    : String(value)
}
