/**
 * An evaluated `.bpf.ts` to core forms: the driver of the front end.
 *
 *   in:  what evaluation found (dsl/capture), a parser
 *   out: a Module as the Lisp front end makes it; errors in the bag
 */

import type { Bag } from '../diag/diagnostic.ts'
import { Abort, invariant } from '../diag/diagnostic.ts'
import type { SourceFile, Span } from '../diag/source.ts'
import { sourceFile } from '../diag/source.ts'
import type { CapturedFunction, EvaluatedModule } from '../dsl/capture.ts'
import type { GlobalDef, MapDef } from '../dsl/map-def.ts'
import { toSnakeName } from '../dsl/names.ts'
import type { ProgramDef, SubprogDef } from '../dsl/program-def.ts'
import { checkRecords, type RecordWording } from '../forms/check-records.ts'
import type { FunctionDecl, GlobalDecl, MapDecl, Module, ProgramDecl } from '../forms/module.ts'
import type { Form } from '../forms/node.ts'
import type { Host } from '../host.ts'
import { isIdentifier } from '../tables/names.ts'
import { sizeOf } from '../types/layout.ts'
import type { StructType, Type, UnionType } from '../types/types.ts'
import type { FunctionNode } from './ast.ts'
import type { Cx, Unit } from './context.ts'
import { childScope, constForm, failure, foldItems, Reported, spanOf } from './context.ts'
import { handlerArguments } from './ctx.ts'
import { bindPattern } from './declare.ts'
import { evaluate, refused } from './expressions.ts'
import { castForm, plain } from './integers.ts'
import { assignedNames, functionsOf, type ParseSource } from './parse.ts'
import { statements, verdict } from './statements.ts'
import type { Value } from './value.ts'
import { intValue } from './value.ts'

const RECORD_WORDING: RecordWording = {
  release: (name) => `call \`${name}.discard()\` or \`${name}.submit()\` first`,
  twice: 'return after `discard()`, so that `submit()` is not reached',
}

/** Declarations by definition, so that one map is one declaration for all programs. */
interface State {
  readonly maps: Map<MapDef, MapDecl>
  /** Templates of maps of maps. */
  readonly inner: Map<MapDef, MapDecl>
  readonly globals: Map<GlobalDef, GlobalDecl>
  readonly functions: Map<SubprogDef, FunctionDecl>
  /** Bodies of functions that were called and are not lowered yet. */
  readonly waiting: { readonly def: SubprogDef; readonly decl: FunctionDecl }[]
}

export interface LowerInput {
  readonly evaluated: EvaluatedModule
  readonly parse: ParseSource
  /** Of the kernel's types, for `kernel('task_struct', ...)`. */
  readonly host?: Host
}

export function lowerObject({ evaluated, parse, host = {} }: LowerInput, bag: Bag): Module {
  const files = new Map([...evaluated.files].map(([name, text]) => [name, sourceFile(name, text)]))
  const main = files.get(evaluated.main)
  invariant(main, 'ts: the main file has no text')
  const top: Span = { file: main, start: 0, end: 0 }
  const state: State = { maps: new Map(), inner: new Map(), globals: new Map(), functions: new Map(), waiting: [] }
  const unit = unitOf({ evaluated, parse, host, bag, files }, state, top)
  const { object } = evaluated
  for (const [key, def] of object.maps) declareMap(state, { def, name: def.name ?? key, top, bag })
  for (const [key, def] of object.globals) declareGlobal(state, { def, name: key, top, bag })
  const programs = [...object.programs].flatMap(
    ([key, def]) => lowerProgram(unit, object.license, { key, def, state }) ?? [],
  )
  if (!bag.hasErrors) fillSlots(state, programs, { top, bag })
  return {
    file: main,
    files: [main, ...[...files.values()].filter((f) => f !== main)],
    license: object.license,
    structs: structsOf(evaluated, state),
    constants: constantsOf(evaluated, top),
    maps: [...state.maps.values()],
    programs,
    globals: [...state.globals.values()],
    functions: [...state.functions.values()],
  }
}

interface Inputs {
  readonly evaluated: EvaluatedModule
  readonly parse: ParseSource
  readonly host: Host
  readonly bag: Bag
  readonly files: ReadonlyMap<string, SourceFile>
}

function unitOf({ evaluated, parse, host, bag, files }: Inputs, state: State, top: Span): Unit {
  const trees = new Map<string, ReadonlyMap<string, FunctionNode>>()
  return {
    evaluated,
    bag,
    host,
    askedFields: new Set(),
    files,
    mapOf: (def) =>
      state.maps.get(def) ?? (def.name ? declareMap(state, { def, name: def.name, top, bag }) : undefined),
    innerMapOf: (def) => innerDecl(state, def, top),
    globalOf: (def) =>
      state.globals.get(def) ?? (def.name ? declareGlobal(state, { def, name: def.name, top, bag }) : undefined),
    functionOf: (def) =>
      state.functions.get(def) ?? (def.name ? declareFunction(state, def, { name: def.name, files, top }) : undefined),
    functionNode: (fn) => {
      const file = files.get(fn.file)
      if (!file) return undefined
      const found = trees.get(fn.file) ?? functionsOf(parse(file))
      trees.set(fn.file, found)
      return found.get(`${fn.start}-${fn.end}`)
    },
  }
}

// --- declarations

interface Naming<D> {
  readonly def: D
  readonly name: string
  readonly top: Span
  readonly bag: Bag
}

function checkName(state: State, { name, top, bag }: Naming<unknown>): string {
  const kernel = toSnakeName(name)
  if (!isIdentifier(kernel)) bag.error('bad-name', top, `\`${name}\` cannot be a C identifier`)
  const taken = [...state.maps.values(), ...state.globals.values(), ...state.functions.values()].some(
    (d) => d.name === kernel,
  )
  if (taken)
    bag.error('duplicate-name', top, `two maps, globals or functions are named \`${kernel}\` in the object file`)
  return kernel
}

function declareMap(state: State, naming: Naming<MapDef>): MapDecl {
  const { def, top } = naming
  const known = state.maps.get(def)
  if (known) return known
  const decl = mapDecl(state, def, { name: checkName(state, naming), span: top })
  state.maps.set(def, decl)
  return decl
}

function mapDecl(state: State, def: MapDef, { name, span }: { name: string; span: Span }): MapDecl {
  return {
    name,
    type: def.type,
    keySize: def.key ? sizeOf(def.key) : 0,
    valueSize: def.value ? sizeOf(def.value) : 0,
    keyType: def.key,
    valueType: def.value,
    maxEntries: def.maxEntries,
    flags: def.flags,
    ...(def.pinning ? { pinning: def.pinning } : {}),
    ...(def.record ? { recordType: def.record } : {}),
    ...(def.inner ? { inner: innerDecl(state, def.inner, span) } : {}),
    span,
  }
}

/** One for all maps that have the template. Its name is only for messages and BTF. */
function innerDecl(state: State, def: MapDef, span: Span): MapDecl {
  const known = state.inner.get(def) ?? mapDecl(state, def, { name: toSnakeName(def.name ?? 'inner'), span })
  state.inner.set(def, known)
  return known
}

/** What maps hold from the start. Maps that are only there are declared behind the others. */
function fillSlots(state: State, programs: readonly ProgramDecl[], { top, bag }: { top: Span; bag: Bag }): void {
  for (const [def, decl] of [...state.maps]) {
    if (!def.slots) continue
    const slots = def.slots.map((slot) => {
      if (slot === undefined) return undefined
      if (typeof slot !== 'string') {
        const name = slot.name ?? `${decl.name}_entry`
        return declareMap(state, { def: slot, name, top, bag }).name
      }
      const program = programs.find(({ name }) => name === toSnakeName(slot))
      if (!program)
        bag.error(
          'unbound-variable',
          top,
          `\`${decl.name}\` holds a program \`${slot}\`, which the object does not have`,
        )
      return program?.name
    })
    Object.assign(decl, { slots })
  }
}

function declareGlobal(state: State, naming: Naming<GlobalDef>): GlobalDecl {
  const { def, top } = naming
  const known = state.globals.get(def)
  if (known) return known
  const decl: GlobalDecl = {
    name: checkName(state, naming),
    type: def.type,
    access: def.section === 'rodata' ? 'readonly' : 'readwrite',
    init: def.init,
    span: top,
  }
  state.globals.set(def, decl)
  return decl
}

interface FunctionPlace {
  readonly name: string
  readonly files: ReadonlyMap<string, SourceFile>
  readonly top: Span
}

/** The body comes later, so that it may call others. */
function declareFunction(state: State, def: SubprogDef, { name, files, top }: FunctionPlace): FunctionDecl | undefined {
  const { handler, params, result } = def
  if (result.kind !== 'int') return undefined
  const file = files.get(handler.file)
  const span = file ? { file, start: handler.start, end: handler.end } : top
  const decl: FunctionDecl = {
    name: toSnakeName(name),
    params: params.map((type, i) => ({
      name: `arg${i + 1}`,
      type: type.kind === 'int' ? plain(type) : undefined,
      span,
    })),
    result: plain(result),
    body: constForm(0, span),
    span,
  }
  state.functions.set(def, decl)
  state.waiting.push({ def, decl })
  return decl
}

// --- programs and functions

function contextFor(
  unit: Unit,
  program: ProgramDef,
  { fn, node, name }: { fn: CapturedFunction; node: FunctionNode; name: string },
): Cx {
  const cx: Cx = {
    unit,
    program,
    lower: { value: (expr) => evaluate(cx, expr), statements: (body) => statements(cx, body) },
    frame: {
      file: unit.files.get(fn.file)!,
      name,
      node,
      captures: fn,
      caller: undefined,
      returns: undefined,
      assigned: assignedNames(node),
    },
    scope: childScope(undefined),
    out: [],
    known: new Set(),
    jumps: [],
    label: undefined,
    wanted: true,
    packetEpoch: {},
  }
  return cx
}

function lowerProgram(
  unit: Unit,
  license: string,
  { key, def, state }: { key: string; def: ProgramDef; state: State },
): ProgramDecl | undefined {
  const { handler } = def
  const node = unit.functionNode(handler)
  const file = unit.files.get(handler.file)
  if (!node || !file) {
    const top = { file: unit.files.get(unit.evaluated.main)!, start: 0, end: 0 }
    unit.bag.error('not-compilable', top, `the source of the handler of \`${key}\` is not known`, {
      hint: 'programs are written in `.bpf.ts` files and in modules that these import by a relative path',
    })
    return undefined
  }
  const cx = contextFor(unit, def, { fn: handler, node, name: key })
  const body = lowerHandler(cx, node, (cx) => handlerArguments(cx, node, def.context))
  while (state.waiting.length > 0) lowerFunction(unit, def, state.waiting.pop()!)
  if (!unit.bag.hasErrors) checkRecords(body, unit.bag, RECORD_WORDING)
  return {
    name: toSnakeName(key),
    type: def.type,
    section: def.section,
    attachType: def.attachType,
    license,
    body,
    span: { file, start: handler.start, end: handler.end },
  }
}

function lowerHandler(cx: Cx, node: FunctionNode, args: (cx: Cx) => readonly Value[]): Form {
  const span = spanOf(cx, node)
  let last: Form = constForm(0, span)
  try {
    if (node.async || node.generator)
      throw refused(cx, { type: node.async ? 'AwaitExpression' : 'YieldExpression', start: node.start, end: node.end })
    const values = args(cx)
    if (node.params.length > values.length) {
      const message = `the handler has ${node.params.length} parameters; a ${cx.program.type} program gives ${values.length}`
      throw failure(cx, node.params[values.length] as FunctionNode['params'][number], 'wrong-argument-count', message)
    }
    for (const [i, param] of node.params.entries()) bindPattern(cx, param, values[i]!)
    if (node.body.type === 'BlockStatement') cx.lower.statements(node.body.body)
    else last = verdict(cx, node.body, cx.lower.value(node.body))
  } catch (error) {
    if (error instanceof Abort) cx.unit.bag.add(error.diagnostic)
    else if (!(error instanceof Reported)) throw error
  }
  return foldItems(cx.out, last, span)
}

function lowerFunction(unit: Unit, program: ProgramDef, { def, decl }: State['waiting'][number]): void {
  const { handler } = def
  const node = unit.functionNode(handler)
  if (!node) return
  const cx = contextFor(unit, program, { fn: handler, node, name: def.name ?? 'subprog' })
  const args = decl.params.map((local) => intValue({ kind: 'local', local, span: local.span }, local.type!))
  const body = lowerHandler(cx, node, () => args)
  Object.assign(decl, { body: narrowed(cx, node, body, decl) })
}

/** The result in its type, whatever the returns give. */
function narrowed(cx: Cx, node: FunctionNode, body: Form, decl: FunctionDecl): Form {
  return castForm(
    cx,
    node.params[0] ?? ({ type: 'EmptyStatement', start: node.start, end: node.end } as const),
    intValue(body, { kind: 'int', bits: 64, signed: false }),
    decl.result,
  )
}

// --- what user space gets

/** Every struct that is exported or lies in a map, inner ones first. */
function structsOf(evaluated: EvaluatedModule, state: State): (StructType | UnionType)[] {
  const found = new Set<StructType | UnionType>()
  const add = (type: Type | undefined): void => {
    if (!type || type.kind === 'int') return
    if (type.kind === 'array') {
      add(type.element)
      return
    }
    for (const field of type.kind === 'struct' ? type.fields : type.members) add(field.type)
    found.add(type)
  }
  for (const captured of evaluated.exports.values()) if (captured.kind === 'schema') add(captured.type)
  for (const map of state.maps.values()) for (const type of [map.keyType, map.valueType, map.recordType]) add(type)
  for (const global of state.globals.values()) add(global.type)
  return [...found]
}

function constantsOf(evaluated: EvaluatedModule, span: Span): Module['constants'] {
  return [...evaluated.exports].flatMap(([name, captured]) => {
    if (captured.kind === 'number' && Number.isInteger(captured.value))
      return [{ name, value: BigInt(captured.value), span }]
    return captured.kind === 'bigint' ? [{ name, value: captured.value, span }] : []
  })
}
