/**
 * Matchers for any `expect.extend` of vitest or Jest. Messages say what came instead: verdict with packet and trace,
 * the events that were sent, the layers that differ.
 */
import { formatPacket, type ParsedPacket, parsePacket } from '@unplugin-bpf/core/packets'
import type { Coverage } from './coverage.ts'
import { printRun, printValue } from './print.ts'
import { formatTrace } from './recorder.ts'
import type { LooseShape, SimulatedRun, Simulation } from './types.ts'

type Equals = (a: unknown, b: unknown, testers?: unknown[]) => boolean

/** What vitest and Jest give as `this`. */
export interface MatcherContext {
  readonly isNot: boolean
  readonly equals: Equals
  readonly utils: { readonly iterableEquality: unknown; readonly subsetEquality: unknown }
}

export interface MatcherResult {
  readonly pass: boolean
  message(): string
}

type Run = SimulatedRun<LooseShape>

const PASSING: readonly unknown[] = ['XDP_PASS', 'TC_ACT_OK', 'TC_ACT_UNSPEC', 'TC_ACT_PIPE', 'SK_PASS']
const DROPPING: readonly unknown[] = ['XDP_DROP', 'XDP_ABORTED', 'TC_ACT_SHOT', 'SK_DROP']
/** Types whose number decides: 0 refuses, anything else lets (some of) it through. */
const passes = ({ retval }: Run) => (typeof retval === 'number' ? retval !== 0 : PASSING.includes(retval))
const drops = ({ retval }: Run) => (typeof retval === 'number' ? retval === 0 : DROPPING.includes(retval))

function runOf(received: unknown, matcher: string): Run {
  if (typeof received === 'object' && received !== null && 'retval' in received && 'events' in received) {
    return received as Run
  }
  throw new TypeError(`${matcher} needs the result of run(), got ${describeType(received)}`)
}

function describeType(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'object' ? (value.constructor?.name ?? 'an object') : typeof value
}

const indent = (text: string) => text.replaceAll(/^/gm, '  ')

/** The run as it was, and the way it took through the source. */
function account(run: Run): string {
  const trace = run.trace.length === 0 ? [] : ['trace:', indent(formatTrace(run.trace))]
  return ['', indent(printRun(run)), ...trace].join('\n')
}

function verdict(context: MatcherContext, received: unknown, expectation: Expectation): MatcherResult {
  const run = runOf(received, expectation.matcher)
  return {
    pass: expectation.test(run),
    message: () => `expected ${expectation.what(context.isNot)}, got ${run.retval}${account(run)}`,
  }
}

interface Expectation {
  readonly matcher: string
  readonly what: (not: boolean) => string
  readonly test: (run: Run) => boolean
}

function similar(context: MatcherContext, actual: unknown, expected: unknown): boolean {
  return context.equals(actual, expected, [context.utils.iterableEquality, context.utils.subsetEquality])
}

function layersOf(received: unknown, matcher: string): ParsedPacket {
  return received instanceof Uint8Array ? parsePacket(received) : runOf(received, matcher).layers
}

export function toHaveVerdict(this: MatcherContext, received: unknown, expected: string | number): MatcherResult {
  return verdict(this, received, {
    matcher: 'toHaveVerdict',
    what: (not) => `the verdict ${not ? 'not ' : ''}to be ${expected}`,
    test: (run) => run.retval === expected || run.code === expected,
  })
}

export function toPass(this: MatcherContext, received: unknown): MatcherResult {
  const what = (not: boolean) => `the packet ${not ? 'not ' : ''}to pass`
  return verdict(this, received, { matcher: 'toPass', what, test: passes })
}

export function toDrop(this: MatcherContext, received: unknown): MatcherResult {
  const what = (not: boolean) => `the packet ${not ? 'not ' : ''}to be dropped`
  return verdict(this, received, { matcher: 'toDrop', what, test: drops })
}

/** `toEmit('events', { dstPort: 443 })`: some record of the map has these fields; without fields: any record. */
export function toEmit(this: MatcherContext, received: unknown, map: string, expected?: unknown): MatcherResult {
  const run = runOf(received, 'toEmit')
  const there = run.events.filter((event) => event.map === map)
  const pass = there.some(({ value }) => expected === undefined || similar(this, value, expected))
  const what = expected === undefined ? 'a record' : printValue(expected)
  const list = there.length === 0 ? '  none' : there.map(({ value }) => `  ${printValue(value)}`).join('\n')
  return {
    pass,
    message: () => `expected ${what} ${this.isNot ? 'not ' : ''}to be sent to ${map}; it was sent:\n${list}`,
  }
}

/** Some layers, some fields: `toMatchPacket({ ip: { ttl: 63 }, tcp: { dport: 80 } })`; or all bytes. */
export function toMatchPacket(
  this: MatcherContext,
  received: unknown,
  expected: Uint8Array | DeepPartial<ParsedPacket>,
): MatcherResult {
  const actual = layersOf(received, 'toMatchPacket')
  const { bytes } = actual
  if (expected instanceof Uint8Array) {
    const differing = [...expected.keys()].find((i) => expected[i] !== bytes[i])
    const pass = differing === undefined && expected.length === bytes.length
    const at = `${formatPacket(bytes)}\n  they differ from byte ${differing ?? expected.length} on`
    return {
      pass,
      message: () =>
        `expected the packet ${this.isNot ? 'not ' : ''}to be\n  ${formatPacket(expected)}\nbut it is\n  ${at}`,
    }
  }
  const differences = layerDifferences(this, actual, expected)
  return {
    pass: differences.length === 0,
    message: () =>
      this.isNot
        ? `expected the packet not to match ${printValue(expected)}\n  ${formatPacket(actual)}`
        : `the packet differs:\n${indent(differences.join('\n'))}\n  ${formatPacket(actual)}`,
  }
}

export type DeepPartial<T> = T extends Uint8Array
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T

function layerDifferences(
  context: MatcherContext,
  actual: ParsedPacket,
  expected: DeepPartial<ParsedPacket>,
): string[] {
  return Object.entries(expected).flatMap(([layer, wanted]) => {
    const found = (actual as unknown as Readonly<Record<string, unknown>>)[layer]
    if (found === undefined) return wanted === undefined ? [] : [`there is no ${layer} header`]
    if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted) || wanted instanceof Uint8Array) {
      return similar(context, found, wanted)
        ? []
        : [`${layer}: expected ${printValue(wanted)}, got ${printValue(found)}`]
    }
    const fields = found as Readonly<Record<string, unknown>>
    return Object.entries(wanted)
      .filter(([name, value]) => !similar(context, fields[name], value))
      .map(([name, value]) => `${layer}.${name}: expected ${printValue(value)}, got ${printValue(fields[name])}`)
  })
}

export function toHaveValidChecksums(this: MatcherContext, received: unknown): MatcherResult {
  const packet = layersOf(received, 'toHaveValidChecksums')
  const wrong = packet.problems.filter((problem) => problem.includes('checksum'))
  return {
    pass: wrong.length === 0,
    message: () => `expected ${this.isNot ? 'a wrong checksum' : 'right checksums'}: ${formatPacket(packet)}`,
  }
}

/** A line number, or a part of the line's text. */
export function toHaveReached(this: MatcherContext, received: unknown, place: number | string): MatcherResult {
  const run = runOf(received, 'toHaveReached')
  if (run.trace.length === 0) throw new TypeError('toHaveReached needs a trace, which only runs in the VM have')
  const pass = run.trace.some(({ line, text }) => (typeof place === 'number' ? line === place : text.includes(place)))
  const what = typeof place === 'number' ? `line ${place}` : JSON.stringify(place)
  return { pass, message: () => `expected ${what} ${this.isNot ? 'not ' : ''}to be reached${account(run)}` }
}

/** At least this share of the lines, in percent, ran. */
export function toHaveLineCoverage(this: MatcherContext, received: unknown, percent: number): MatcherResult {
  const given = received as Partial<Simulation> & Partial<Coverage>
  const coverage = given.coverage ?? (given.summary && (given as Coverage))
  if (coverage === undefined) {
    throw new TypeError(`toHaveLineCoverage needs a simulation or its coverage, got ${describeType(received)}`)
  }
  return {
    pass: coverage.summary.percent >= percent,
    message: () =>
      `expected ${this.isNot ? 'less than' : 'at least'} ${percent} % of the lines to run\n${indent(coverage.text())}`,
  }
}
