/**
 * Reads what ssa/print writes, so that one pass can be tested on a text with no front end. Values and blocks are
 * numbered afresh in the order of the text; every instruction's span is its line. Throws Abort at a mistake.
 *
 * The text gives types only where the op does not (`:ptr`), and may use a value before the line that defines it.
 */
import { Abort } from '../diag/diagnostic.ts'
import type { SourceFile, Span } from '../diag/source.ts'
import { sourceFile } from '../diag/source.ts'
import type { MapDecl, ProgramDecl } from '../forms/module.ts'
import { MAP_TYPES } from '../tables/map-types.ts'
import { PROGRAM_TYPES } from '../tables/program-types.ts'
import { Func } from './func.ts'
import type { Block, Inst, Slot } from './inst.ts'
import type { ParseScope } from './parse-op.ts'
import { parseOp } from './parse-op.ts'

interface Line {
  readonly text: string
  readonly span: Span
}

const IDENTIFIER = '[A-Za-z_][\\w.-]*'

export function parseFunc(text: string, name = 'text.ssa'): Func {
  const lines = splitLines(sourceFile(name, text))
  const fail = (line: Line | undefined, message: string): never => {
    throw new Abort('bad-syntax', line?.span, message)
  }
  const maps = new Map<string, MapDecl>()
  let at = 0
  for (; lines[at]?.text.startsWith('map '); at++) {
    const map = parseMap(lines[at]!) ?? fail(lines[at], 'expected: map NAME TYPE KEY-SIZE VALUE-SIZE ENTRIES [FLAGS]')
    maps.set(map.name, map)
  }
  const fn = new Func(parseHead(lines[at]) ?? fail(lines[at], 'expected: func NAME PROGRAM-TYPE {'))
  at++
  const slots = new Map<string, Slot>()
  for (let slot = parseSlot(lines[at], fn); slot; slot = parseSlot(lines[++at], fn)) slots.set(slot[0], slot[1])
  const last = lines.pop()
  if (last?.text !== '}') fail(last, 'expected } at the end')
  parseBody(lines.slice(at), { fn, slots, maps, fail })
  return fn
}

/** Lines without comments (`;`) and blank ones. */
function splitLines(file: SourceFile): Line[] {
  const lines: Line[] = []
  file.lineStarts.forEach((from, i) => {
    const raw = file.text.slice(from, file.lineStarts[i + 1] ?? file.text.length).replace(/;.*/s, '')
    const text = raw.trim()
    const start = from + raw.indexOf(text)
    if (text) lines.push({ text, span: { file, start, end: start + text.length } })
  })
  return lines
}

function parseMap({ text, span }: Line): MapDecl | undefined {
  const match = new RegExp(`^map (${IDENTIFIER}) (\\w+) (\\d+) (\\d+) (\\d+)(?: (\\d+))?$`).exec(text)
  if (!match) return undefined
  const [, name, type, keySize, valueSize, maxEntries, flags] = match
  if (!(type! in MAP_TYPES)) return undefined
  return {
    name: name!,
    type: type as MapDecl['type'],
    keySize: Number(keySize),
    valueSize: Number(valueSize),
    keyType: undefined,
    valueType: undefined,
    maxEntries: Number(maxEntries),
    flags: Number(flags ?? 0),
    span,
  }
}

function parseHead(line: Line | undefined): ProgramDecl | undefined {
  const match = line && new RegExp(`^func (${IDENTIFIER}) (\\w+) \\{$`).exec(line.text)
  if (!match || !(match[2]! in PROGRAM_TYPES)) return undefined
  const type = match[2] as ProgramDecl['type']
  return {
    name: match[1]!,
    type,
    section: PROGRAM_TYPES[type].sections[0]!.name,
    attachType: undefined,
    license: 'GPL',
    body: { kind: 'const', value: 0n, span: line.span },
    span: line.span,
  }
}

function parseSlot(line: Line | undefined, fn: Func): [string, Slot] | undefined {
  const match = line && new RegExp(`^slot (s\\d+) (${IDENTIFIER}|".*") (\\d+) (\\d+)$`).exec(line.text)
  if (!match) return undefined
  const [, label, written, size, align] = match
  const name: string = written!.startsWith('"') ? JSON.parse(written!) : written!
  return [label!, fn.newSlot(name, Number(size), Number(align))]
}

interface BodyContext extends Omit<ParseScope, 'value' | 'block' | 'fail'> {
  fail(line: Line | undefined, message: string): never
}

/** A phi, whose arguments can be placed only when all edges are there. */
interface OpenPhi {
  readonly phi: Inst
  readonly args: ReadonlyMap<Block, Inst>
  readonly line: Line
}

function parseBody(lines: readonly Line[], cx: BodyContext): void {
  const { fn } = cx
  const blocks = new Map<string, Block>()
  for (const { text } of lines) if (/^\w+:$/.test(text)) blocks.set(text.slice(0, -1), fn.newBlock())
  const values = new Map<string, Inst>()
  const forward = new Map<string, { readonly inst: Inst; readonly line: Line }>()
  const phis: OpenPhi[] = []
  let block: Block | undefined
  for (const line of lines) {
    if (line.text.endsWith(':')) {
      block = blocks.get(line.text.slice(0, -1))
      continue
    }
    const scope: ParseScope = {
      ...cx,
      value: (name) => {
        const known = values.get(name) ?? forward.get(name)?.inst
        if (known) return known
        const inst: Inst = fn.create('const', { value: 0n })
        forward.set(name, { inst, line })
        return inst
      },
      block: (name) => blocks.get(name) ?? cx.fail(line, `no block is called ${name}`),
      fail: (message) => cx.fail(line, message),
    }
    const current = block ?? cx.fail(line, 'instruction before the first block')
    const { result, inst, edges } = parseInst(line, current, scope)
    if (edges) phis.push({ phi: inst, args: edges, line })
    if (result && values.has(result)) cx.fail(line, `${result} is defined twice`)
    if (result) values.set(result, inst)
  }
  for (const { phi, args, line } of phis) {
    for (const pred of phi.block!.preds) fn.pushArg(phi, args.get(pred) ?? cx.fail(line, `no value for b${pred.id}`))
    if (args.size !== phi.args.length) cx.fail(line, 'a value for a block that is no predecessor')
  }
  for (const [name, { inst, line }] of forward) {
    fn.replaceUses(inst, values.get(name) ?? cx.fail(line, `no value is called ${name}`))
  }
}

interface ParsedInst {
  readonly result: string | undefined
  readonly inst: Inst
  /** Arguments of a phi. */
  readonly edges?: ReadonlyMap<Block, Inst>
}

function parseInst(line: Line, block: Block, scope: ParseScope): ParsedInst {
  const match =
    /^(?:(v\d+)(:ptr)? = )?([\w.]+)(?: (.*))?$/.exec(line.text) ?? scope.fail('expected: [vN =] OP OPERANDS')
  const [, result, pointer, op, rest = ''] = match
  const { fn } = scope
  const { span } = line
  if (op === 'phi') {
    const pairs = [...rest.matchAll(/(\w+): (v\d+)/g)]
    const edges = new Map(pairs.map(([, from, value]) => [scope.block(from!), scope.value(value!)] as const))
    const phi: Inst = fn.addPhi(block, pointer ? 'ptr' : 'int', [], span)
    return { result, inst: phi, edges }
  }
  const [operands = '', targets] = rest.split('-> ')
  const parsed = parseOp(op!, operands.trim(), {
    ...scope,
    pointer: pointer !== undefined,
    result: result !== undefined,
  })
  if (parsed.op === 'br') {
    const [taken, other] = (targets ?? '').split(', ').map((name) => scope.block(name))
    if (!taken || !other) scope.fail('br needs two targets')
    fn.setBranch(block, parsed.attr, [parsed.args[0]!, parsed.args[1]!], [taken!, other!], span)
  } else if (parsed.op === 'jump') {
    fn.setJump(block, scope.block(operands.trim()), span)
  } else {
    fn.append(block, parsed.op, parsed.attr as never, parsed.args, { span, type: parsed.type })
  }
  return { result, inst: block.insts.at(-1)! }
}
