/** Public entry `unplugin-bpf/testing/vitest`: importing it adds the matchers and prints runs and maps in snapshots. */
import type { ParsedPacket } from '@unplugin-bpf/core/packets'
import { expect } from 'vitest'
import type { DeepPartial } from './matchers.ts'
import * as matchers from './matchers.ts'
import { runSerializer } from './serializer.ts'

expect.extend(matchers as unknown as Parameters<typeof expect.extend>[0])
expect.addSnapshotSerializer(runSerializer)

/** The matchers, for other `expect`s. */
export { matchers, runSerializer }

interface BpfMatchers<R = unknown> {
  /** By name or number. */
  toHaveVerdict(verdict: string | number): R
  toPass(): R
  toDrop(): R
  /** Some record of the map has these fields; without fields: any record. */
  toEmit(map: string, fields?: unknown): R
  /** All bytes, or some fields of some layers. */
  toMatchPacket(packet: Uint8Array | DeepPartial<ParsedPacket>): R
  toHaveValidChecksums(): R
  /** A line number, or a part of the line's text. */
  toHaveReached(place: number | string): R
  /** At least this share of the lines, in percent, ran. */
  toHaveLineCoverage(percent: number): R
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: as vitest declares it
  interface Matchers<T = any> extends BpfMatchers<T> {}
}
