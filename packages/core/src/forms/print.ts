/**
 * Core forms as text, for `--emit=forms` and tests: one s-expression per program, wide forms broken into lines.
 *
 *   prog count_packets xdp "xdp" "GPL"
 *     (seq
 *       (map-add pkt_count 0 1)
 *       2)
 */
import { assertNever } from '../diag/diagnostic.ts'
import { coreQueryName } from '../types/core-query.ts'
import { scalarName, type Type } from '../types/types.ts'
import type { FunctionDecl, GlobalDecl, MapDecl, Module, ProgramDecl } from './module.ts'
import type { Form, Local, MapOperand, OnMap } from './node.ts'

type Tree = string | Tree[]

const WIDTH = 100

export function printForms(module: Module): string {
  const parts = [
    ...module.structs.map((s) => `${s.kind} ${s.name} size ${s.size} align ${s.align}`),
    ...module.constants.map((c) => `const ${c.name} = ${c.value}`),
    ...module.maps.map(printMap),
    ...(module.globals ?? []).map(printGlobal),
    ...(module.functions ?? []).map(printFunction),
    ...module.programs.map(printProgram),
  ]
  return parts.map((p) => `${p}\n`).join('')
}

function printMap(map: MapDecl): string {
  const key = map.keyType ? printType(map.keyType) : `${map.keySize} bytes`
  const value = map.valueType ? printType(map.valueType) : `${map.valueSize} bytes`
  const record = map.recordType ? ` record ${printType(map.recordType)}` : ''
  const flags = map.flags ? ` flags ${map.flags}` : ''
  const inner = map.inner ? ` of { ${printMap(map.inner)} }` : ''
  const slots = map.slots ? ` = ${map.slots.map((name) => name ?? '-').join(' ')}` : ''
  return `map ${map.name} ${map.type} ${key} -> ${value} max ${map.maxEntries}${flags}${map.pinning ? ' pinned' : ''}${record}${inner}${slots}`
}

function printGlobal(global: GlobalDecl): string {
  const access = global.access === 'readonly' ? 'rodata' : 'global'
  const init = [...global.init].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${access} ${global.name} ${printType(global.type)} = ${init}`
}

export function printFunction(fn: FunctionDecl): string {
  const names = new Names()
  const params = fn.params.map(
    (p, i) => `${names.of(p)}:${i === fn.contextParam ? 'ctx' : p.type ? scalarName(p.type) : 'any'}`,
  )
  return `function ${fn.name} (${params.join(' ')}) ${scalarName(fn.result)}\n${layout(tree(fn.body, names), 2)}`
}

export function printType(type: Type): string {
  switch (type.kind) {
    case 'int':
      return scalarName(type)
    case 'array':
      return `${printType(type.element)}[${type.length}]`
    default:
      return type.name
  }
}

export function printProgram(program: ProgramDecl): string {
  const label = program.label ? ` label ${program.label}` : ''
  const attach = program.attachType ? ` attach ${program.attachType}` : ''
  const head = `prog ${program.name} ${program.type} "${program.section}"${attach}${label} "${program.license}"`
  return `${head}\n${layout(tree(program.body, new Names()), 2)}`
}

export function printForm(form: Form): string {
  return layout(tree(form, new Names()), 0).trimStart()
}

/** Locals by name; a second local of one name gets a number. */
class Names {
  readonly #names = new Map<Local, string>()
  readonly #used = new Map<string, number>()
  of(local: Local): string {
    let name = this.#names.get(local)
    if (name === undefined) {
      const count = this.#used.get(local.name) ?? 0
      this.#used.set(local.name, count + 1)
      name = count === 0 ? local.name : `${local.name}.${count}`
      this.#names.set(local, name)
    }
    return name
  }
}

function layout(t: Tree, indent: number): string {
  const pad = ' '.repeat(indent)
  const flat = flatten(t)
  if (typeof t === 'string' || pad.length + flat.length <= WIDTH) return pad + flat
  const [head, ...rest] = t
  return `${pad}(${flatten(head!)}${rest.map((r) => `\n${layout(r, indent + 2)}`).join('')})`
}

function flatten(t: Tree): string {
  return typeof t === 'string' ? t : `(${t.map(flatten).join(' ')})`
}

const signed = (value: bigint): string =>
  String(BigInt.asIntN(64, value) < 0n && BigInt.asIntN(64, value) > -65536n ? BigInt.asIntN(64, value) : value)

/** A map by its name, or by the pointer to it. */
function mapOf({ map, via }: OnMap, names: Names): Tree {
  return via ? ['via', map.name, tree(via, names)] : map.name
}

function operand(o: MapOperand, names: Names): Tree {
  return o.kind === 'scalar' ? tree(o.value, names) : ['ptr', tree(o.ptr, names)]
}

function tree(form: Form, names: Names): Tree {
  const sub = (f: Form): Tree => tree(f, names)
  switch (form.kind) {
    case 'const':
      return signed(form.value)
    case 'local':
      return names.of(form.local)
    case 'ctx':
      return 'ctx'
    case 'mapRef':
      return ['map', form.map.name]
    case 'globalAddr':
      return ['global', form.global.name]
    case 'functionRef':
      return ['function', form.function.name]
    case 'let':
      return [
        'let',
        form.bindings.map((b) => [
          names.of(b.local),
          ...(b.local.type ? [scalarName(b.local.type)] : []),
          b.init ? sub(b.init) : '0',
        ]),
        sub(form.body),
      ]
    case 'set':
      return ['set', names.of(form.local), sub(form.value)]
    case 'seq':
    case 'and':
    case 'or':
      return [form.kind, ...form.forms.map(sub)]
    case 'if':
      return ['if', sub(form.test), sub(form.then), ...(form.else ? [sub(form.else)] : [])]
    case 'not':
    case 'negate':
      return [form.kind, sub(form.value)]
    case 'repeat':
      return ['repeat', names.of(form.local), String(form.count), sub(form.body)]
    case 'while':
      return ['while', sub(form.test), sub(form.body)]
    case 'block':
      return ['block', form.label.name, sub(form.body)]
    case 'leave':
      return ['leave', form.label.name, ...(form.value ? [sub(form.value)] : [])]
    case 'return':
      return ['return', ...(form.value ? [sub(form.value)] : [])]
    case 'binary':
      return [form.op, sub(form.left), sub(form.right)]
    case 'compare':
      return [form.pred, sub(form.left), sub(form.right)]
    case 'cast':
      return ['cast', scalarName(form.type), sub(form.value)]
    case 'bswap':
      return [`bswap${form.bits}`, sub(form.value)]
    default:
      return memoryTree(form, names)
  }
}

type MemoryForm = Exclude<
  Form,
  {
    kind:
      | 'const'
      | 'local'
      | 'ctx'
      | 'mapRef'
      | 'globalAddr'
      | 'functionRef'
      | 'let'
      | 'set'
      | 'seq'
      | 'and'
      | 'or'
      | 'if'
      | 'not'
      | 'negate'
      | 'repeat'
      | 'while'
      | 'block'
      | 'leave'
      | 'return'
      | 'binary'
      | 'compare'
      | 'cast'
      | 'bswap'
  }
>

function memoryTree(form: MemoryForm, names: Names): Tree {
  const sub = (f: Form): Tree => tree(f, names)
  switch (form.kind) {
    case 'load':
      return ['load', scalarName(form.type), sub(form.ptr), sub(form.offset)]
    case 'store':
      return ['store', scalarName(form.type), sub(form.ptr), sub(form.offset), sub(form.value)]
    case 'coreConst':
      return ['core', form.query.kind, coreQueryName(form.query), String(BigInt.asIntN(64, form.value))]
    case 'coreLoad':
      return ['core-load', scalarName(form.type), sub(form.ptr), sub(form.offset)]
    case 'coreStore':
      return ['core-store', scalarName(form.type), sub(form.ptr), sub(form.offset), sub(form.value)]
    case 'ctxLoad':
      return ['ctx-load', scalarName(form.type), String(form.offset), ...(form.field ? [form.field.name] : [])]
    case 'ctxStore':
      return [
        'ctx-store',
        scalarName(form.type),
        String(form.offset),
        ...(form.field ? [form.field.name] : []),
        sub(form.value),
      ]
    case 'alloc':
      return ['alloc', form.name, String(form.size), `align${form.align}`, ...(form.zeroed ? ['zeroed'] : [])]
    case 'localAddr':
      return ['addr', names.of(form.local)]
    case 'atomic':
      return [
        `atomic-${form.fetch ? 'fetch-' : ''}${form.op}`,
        scalarName(form.type),
        sub(form.ptr),
        sub(form.offset),
        ...(form.expected ? [sub(form.expected)] : []),
        sub(form.value),
      ]
    case 'memset':
      return ['memset', sub(form.ptr), String(form.offset), sub(form.byte), String(form.size)]
    case 'memcpy':
      return ['memcpy', sub(form.dst), String(form.dstOffset), sub(form.src), String(form.srcOffset), String(form.size)]
    case 'mapLookup':
      return ['map-lookup', mapOf(form, names), operand(form.key, names)]
    case 'mapGet':
      return ['map-get', mapOf(form, names), operand(form.key, names)]
    case 'mapUpdate':
      return ['map-update', mapOf(form, names), operand(form.key, names), operand(form.value, names), sub(form.flags)]
    case 'mapDelete':
      return ['map-delete', mapOf(form, names), operand(form.key, names)]
    case 'mapAdd':
      return [form.op === 'add' ? 'map-add' : 'map-sub', mapOf(form, names), operand(form.key, names), sub(form.delta)]
    case 'call':
      return ['call', form.helper, ...form.args.map(sub)]
    case 'invoke':
      return ['invoke', form.function.name, ...form.args.map(sub)]
    case 'kfunc':
      return ['kfunc', form.kfunc.name, ...form.args.map(sub)]
    case 'tailCall':
      return ['tail-call', form.map.name, sub(form.index)]
    case 'asm':
      return ['asm', ...[form.opcode, form.dst, form.src, form.off, form.imm].map(String)]
    default:
      return assertNever(form)
  }
}
