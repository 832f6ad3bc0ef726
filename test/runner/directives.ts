/**
 * What a filetest expects, read from the comments of the `.bpf.lisp` file itself:
 *
 *   ;; test run                                kinds: run (in VM and kernel), run-kernel, errors, slots
 *   ;; run drop-port tcp to=9999 = XDP_DROP    program, input, verdict
 *   ;; map drop-count[0] = 1                   after all runs; 8-byte little-endian values and integer keys
 *   ;; ring events = 0a000001...               records in order, hex
 *   ;; slots count-packets = 6
 *   (incf (getmap pkt-cuont 0))
 *   ;;            ^^^^^^^^^ error[unknown-map]: fragment of the message
 *   ;; error@1:1[code]: fragment               where a caret cannot stand
 */
import { buildPacket, type PacketFields } from '../../packages/core/src/packets/packets.ts'
import { constantByName } from '../../packages/core/src/tables/constants.ts'
import { toKernelName } from '../../packages/core/src/tables/names.ts'

export type Kind = 'run' | 'run-kernel' | 'errors' | 'slots'

export interface RunDirective {
  readonly program: string
  readonly input: { readonly data?: Uint8Array; readonly ctx?: Uint8Array }
  readonly verdict: number
}
export interface MapDirective {
  readonly map: string
  readonly key: bigint
  /** undefined: the key must be missing. */
  readonly value: bigint | undefined
}
export interface ErrorDirective {
  readonly line: number
  readonly column: number
  readonly severity: string
  readonly code: string
  readonly fragment: string
}

export interface Directives {
  readonly kinds: readonly Kind[]
  readonly runs: readonly RunDirective[]
  readonly maps: readonly MapDirective[]
  readonly rings: readonly { readonly map: string; readonly records: readonly string[] }[]
  readonly slots: readonly { readonly program: string; readonly slots: number }[]
  readonly errors: readonly ErrorDirective[]
}

export function readDirectives(text: string): Directives {
  const lines = text.split('\n')
  const found = <T>(pattern: RegExp, make: (match: RegExpExecArray, line: number) => T): T[] =>
    lines.flatMap((line, i) => {
      const match = pattern.exec(line)
      return match ? [make(match, i + 1)] : []
    })
  return {
    kinds: found(/^;; test (.+)$/, (m) => m[1]!.trim().split(/\s+/) as Kind[]).flat(),
    runs: found(/^;; run (\S+) (.+?) = (\S+)$/, (m) => ({
      program: toKernelName(m[1]!),
      input: readInput(m[2]!),
      verdict: readVerdict(m[3]!),
    })),
    maps: found(/^;; map (\S+?)\[(\S+)\] = (\S+)$/, (m) => ({
      map: toKernelName(m[1]!),
      key: BigInt(m[2]!),
      value: m[3] === 'none' ? undefined : BigInt(m[3]!),
    })),
    rings: found(/^;; ring (\S+) =(.*)$/, (m) => ({
      map: toKernelName(m[1]!),
      records: m[2]!.trim().split(/\s+/).filter(Boolean),
    })),
    slots: found(/^;; slots (\S+) = (\d+)$/, (m) => ({ program: toKernelName(m[1]!), slots: Number(m[2]) })),
    errors: [...found(/^(;+\s*)\^+ (error|warning)\[([a-z-]+)\]:? ?(.*)$/, caretError(lines)), ...found(AT, atError)],
  }
}

const AT = /^;; (error|warning)@(\d+):(\d+)\[([a-z-]+)\]:? ?(.*)$/

function atError(m: RegExpExecArray): ErrorDirective {
  return { severity: m[1]!, line: Number(m[2]), column: Number(m[3]), code: m[4]!, fragment: m[5]! }
}

/** Carets speak of the nearest line above that is not itself a caret line. */
function caretError(lines: readonly string[]) {
  return (m: RegExpExecArray, line: number): ErrorDirective => {
    let target = line - 1
    while (/^;+\s*\^+ (error|warning)\[/.test(lines[target - 1] ?? '')) target--
    return { line: target, column: m[1]!.length + 1, severity: m[2]!, code: m[3]!, fragment: m[4]! }
  }
}

function readVerdict(text: string): number {
  const number = Number(text)
  if (!Number.isNaN(number)) return number >>> 0
  const constant = constantByName(text)
  if (constant === undefined) throw new Error(`unknown verdict ${text}`)
  return Number(BigInt.asUintN(32, BigInt(constant.value)))
}

/** `zero 60`, `hex 00ff..`, `ctx 00ff..`, `tcp to=80 flags=2 source=10.0.0.9 len=60`, `udp6 to=53`, `icmp`. */
function readInput(text: string): RunDirective['input'] {
  const [kind, ...rest] = text.trim().split(/\s+/)
  if (kind === 'zero') return { data: new Uint8Array(Number(rest[0])) }
  if (kind === 'hex') return { data: fromHex(rest.join('')) }
  if (kind === 'ctx') return { ctx: fromHex(rest.join('')) }
  const options = new Map(rest.map((part) => part.split('=') as [string, string]))
  const number = (name: string): number | undefined => (options.has(name) ? Number(options.get(name)) : undefined)
  const ports = compact({ from: number('from'), to: number('to') })
  const network = compact({ source: options.get('source'), destination: options.get('destination') })
  const transport: Record<string, PacketFields> = {
    tcp: { tcp: { ...ports, ...compact({ flags: number('flags') }) } },
    udp: { udp: ports },
    icmp: { icmp: {} },
    eth: {},
  }
  const chosen = transport[kind!.replace(/6$/, '')]
  if (!chosen) throw new Error(`unknown input ${text}`)
  const layer = kind === 'eth' ? {} : kind!.endsWith('6') ? { ipv6: network } : { ipv4: network }
  return { data: buildPacket({ ...layer, ...chosen, ...compact({ length: number('len') }) } as PacketFields) }
}

function compact<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}

export function fromHex(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new Error(`not hex: ${text}`)
  return Uint8Array.from(Buffer.from(text, 'hex'))
}
