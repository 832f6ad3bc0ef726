/**
 * `format` control strings: ~a ~s ~d ~x ~b ~o ~c ~% ~& ~~ ~{ ~} ~^ ~[ ~] ~; ~p ~( ~) ~*, with numeric prefixes and `@`,
 * `:` where they matter. The string is parsed to a tree first, then run over the arguments.
 */
import { isCons, isSym, isTrue, listItems, NIL, type Value } from '../datum.ts'
import { type Interp, LispError, tick } from '../interp.ts'
import { printDatum } from '../print.ts'

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'directive'
      readonly name: string
      readonly params: readonly (string | undefined)[]
      readonly at: boolean
      readonly colon: boolean
    }
  | { readonly kind: 'loop'; readonly at: boolean; readonly colon: boolean; readonly body: readonly Node[] }
  | {
      readonly kind: 'choice'
      readonly at: boolean
      readonly colon: boolean
      readonly clauses: readonly (readonly Node[])[]
      readonly hasDefault: boolean
    }
  | { readonly kind: 'case'; readonly at: boolean; readonly colon: boolean; readonly body: readonly Node[] }

const DIRECTIVE = /~((?:[+-]?\d+|'.|[vV#])?(?:,(?:[+-]?\d+|'.|[vV#])?)*)([@:]*)(\n\s*|[\s\S])/y

interface Parser {
  readonly text: string
  position: number
}

class Escape extends Error {}

export function formatControl(interp: Interp, control: string, args: readonly Value[]): string {
  const parser: Parser = { text: control, position: 0 }
  const { nodes } = parseUntil(parser, '')
  const cursor: Cursor = { args, next: 0 }
  try {
    return run(interp, nodes, cursor)
  } catch (error) {
    if (error instanceof Escape) return error.message
    throw error
  }
}

/** Parses up to one of the closing directives; tells which one it was. */
function parseUntil(parser: Parser, closers: string): { nodes: Node[]; closer: string; colon: boolean } {
  const nodes: Node[] = []
  while (parser.position < parser.text.length) {
    const tilde = parser.text.indexOf('~', parser.position)
    if (tilde < 0) break
    if (tilde > parser.position) nodes.push({ kind: 'text', text: parser.text.slice(parser.position, tilde) })
    DIRECTIVE.lastIndex = tilde
    const match = DIRECTIVE.exec(parser.text)
    if (!match) throw new LispError('macro-error', `\`format\`: the control string ends inside a directive`)
    parser.position = DIRECTIVE.lastIndex
    const name = match[3]!.toUpperCase()
    const at = match[2]!.includes('@')
    const colon = match[2]!.includes(':')
    if (closers.includes(name)) return { nodes, closer: name, colon }
    nodes.push(parseDirective(parser, { name, params: match[1]!.split(',').map((p) => p || undefined), at, colon }))
  }
  if (closers) throw new LispError('macro-error', `\`format\`: the control string has no \`~${closers.at(-1)}\``)
  if (parser.position < parser.text.length) nodes.push({ kind: 'text', text: parser.text.slice(parser.position) })
  return { nodes, closer: '', colon: false }
}

function parseDirective(
  parser: Parser,
  d: { name: string; params: (string | undefined)[]; at: boolean; colon: boolean },
): Node {
  if (d.name === '{') return { kind: 'loop', at: d.at, colon: d.colon, body: parseUntil(parser, '}').nodes }
  if (d.name === '(') return { kind: 'case', at: d.at, colon: d.colon, body: parseUntil(parser, ')').nodes }
  if (d.name === '[') {
    const clauses: Node[][] = []
    let hasDefault = false
    for (;;) {
      const part = parseUntil(parser, ';]')
      clauses.push(part.nodes)
      if (part.closer === ']') break
      if (part.colon) hasDefault = true
    }
    return { kind: 'choice', at: d.at, colon: d.colon, clauses, hasDefault }
  }
  return { kind: 'directive', ...d }
}

interface Cursor {
  readonly args: readonly Value[]
  next: number
}

function take(cursor: Cursor): Value {
  const value = cursor.args[cursor.next++]
  if (value === undefined)
    throw new LispError('wrong-argument-count', '`format` got too few arguments for its control string')
  return value
}

function run(interp: Interp, nodes: readonly Node[], cursor: Cursor): string {
  let out = ''
  for (const node of nodes) {
    tick(interp)
    if (node.kind === 'text') out += node.text
    else if (node.kind === 'loop') out += runLoop(interp, node, cursor)
    else if (node.kind === 'choice') out += runChoice(interp, node, cursor)
    else if (node.kind === 'case') out += changeCase(run(interp, node.body, cursor), node)
    else if (node.name === '^') {
      if (cursor.next >= cursor.args.length) throw new Escape(out)
    } else out += directive(node, cursor, out)
  }
  return out
}

function changeCase(text: string, node: { at: boolean; colon: boolean }): string {
  if (node.at && node.colon) return text.toUpperCase()
  const lower = text.toLowerCase()
  if (node.colon) return lower.replace(/[a-z0-9]+/g, (w) => w[0]!.toUpperCase() + w.slice(1))
  return node.at ? lower.slice(0, 1).toUpperCase() + lower.slice(1) : lower
}

function runLoop(interp: Interp, node: Node & { kind: 'loop' }, cursor: Cursor): string {
  const source = node.at ? cursor.args.slice(cursor.next) : listItems(take(cursor))
  if (!source) throw new LispError('bad-argument-type', '`format`: `~{` expected a list')
  if (node.at) cursor.next = cursor.args.length
  const inner: Cursor = { args: source, next: 0 }
  let out = ''
  while (inner.next < inner.args.length) {
    const before = inner.next
    try {
      out += run(interp, node.body, node.colon ? { args: listItems(take(inner)) ?? [], next: 0 } : inner)
    } catch (error) {
      if (!(error instanceof Escape)) throw error
      out += error.message
      if (!node.colon) break
    }
    if (inner.next === before) break
  }
  return out
}

function runChoice(interp: Interp, node: Node & { kind: 'choice' }, cursor: Cursor): string {
  if (node.at) {
    if (!isTrue(cursor.args[cursor.next] ?? NIL)) {
      cursor.next++
      return ''
    }
    return run(interp, node.clauses[0]!, cursor)
  }
  const value = take(cursor)
  const index = node.colon ? (isTrue(value) ? 1 : 0) : Number(value)
  const clause = node.clauses[index] ?? (node.hasDefault ? node.clauses.at(-1) : undefined)
  return clause ? run(interp, clause, cursor) : ''
}

const RADIX: Readonly<Record<string, number>> = { D: 10, X: 16, B: 2, O: 8 }

function directive(node: Node & { kind: 'directive' }, cursor: Cursor, before: string): string {
  const count = Number(node.params[0] ?? 1)
  switch (node.name) {
    case 'A':
    case 'S': {
      const text = upcased(take(cursor), node.name === 'A' ? 'plain' : 'readable')
      return node.at ? text.padStart(Number(node.params[0] ?? 0)) : text.padEnd(Number(node.params[0] ?? 0))
    }
    case 'D':
    case 'X':
    case 'B':
    case 'O':
      return formatInteger(take(cursor), node)
    case 'C':
      return printDatum(take(cursor), 'plain')
    case '%':
      return '\n'.repeat(count)
    case '&':
      return before === '' || before.endsWith('\n') ? '' : '\n'
    case '~':
      return '~'.repeat(count)
    case 'P': {
      if (node.colon) cursor.next--
      const one = take(cursor) === 1n
      return node.at ? (one ? 'y' : 'ies') : one ? '' : 's'
    }
    case '*':
      cursor.next += node.colon ? -count : count
      return ''
    default:
      if (node.name.startsWith('\n')) return ''
      throw new LispError(
        'unsupported',
        `\`format\`: the directive \`~${node.name.toLowerCase()}\` is not supported`,
        'known are ~a ~s ~d ~x ~b ~o ~c ~% ~& ~~ ~{~} ~^ ~[~;~] ~(~) ~p ~*',
      )
  }
}

/** `format` prints symbols as the reader stores them: upcased, so that `intern` of the result finds them again. */
function upcased(value: Value, style: 'plain' | 'readable'): string {
  if (isSym(value)) return style === 'readable' && value.keyword ? `:${value.name}` : value.name
  if (isCons(value)) return printDatum(value, style).toUpperCase()
  return printDatum(value, style)
}

function formatInteger(value: Value, node: Node & { kind: 'directive' }): string {
  if (typeof value !== 'bigint') return printDatum(value, 'plain')
  let digits = (value < 0n ? -value : value).toString(RADIX[node.name]).toUpperCase()
  if (node.colon) digits = digits.replace(/\B(?=(\d{3})+$)/g, ',')
  const sign = value < 0n ? '-' : node.at ? '+' : ''
  const pad = node.params[1]?.startsWith("'") ? node.params[1].slice(1) : ' '
  return (sign + digits).padStart(Number(node.params[0] ?? 0), pad)
}
