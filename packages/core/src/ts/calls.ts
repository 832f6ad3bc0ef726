/** Calls: what is called decides everything. */
import type { Captured } from '../dsl/capture.ts'
import type { Form } from '../forms/node.ts'
import type { Type } from '../types/types.ts'
import { member } from './access.ts'
import type { Call, Expr, Member, Node } from './ast.ts'
import { REFUSED, unwrapped } from './ast.ts'
import { atomicOperation } from './atomics.ts'
import { truthForm, truthOf } from './conditions.ts'
import { construct } from './construct.ts'
import type { Cx } from './context.ts'
import { bind, failure, localForm, spanOf } from './context.ts'
import { nextView, packetView } from './ctx.ts'
import { callHelper } from './helpers.ts'
import { inline } from './inline.ts'
import { assignable, cast, castForm, describe, numberOf, plain } from './integers.ts'
import { kernelMethod } from './kernel.ts'
import { mapMethod, release } from './maps.ts'
import { usable } from './memory.ts'
import { truthAsNumber } from './operators.ts'
import { evaluateAll } from './order.ts'
import type { Value } from './value.ts'
import { boolValue, dataValue, intValue } from './value.ts'

export function call(cx: Cx, node: Call): Value {
  const callee = unwrapped(node.callee)
  if (callee.type === 'MemberExpression') return callMember(cx, node, callee)
  cx.wanted = true
  const value = cx.lower.value(callee)
  return callValue(cx, node, value, argumentsOf(cx, node))
}

function argumentsOf(cx: Cx, node: Call): Value[] {
  const spread = node.arguments.find((arg) => arg.type === 'SpreadElement')
  if (spread) {
    const [name, hint] = REFUSED.SpreadElement!
    throw failure(cx, spread, 'unsupported', `${name} is not supported in kernel functions`, hint)
  }
  return evaluateAll(cx, node.arguments as readonly Expr[])
}

function callMember(cx: Cx, node: Call, callee: Member): Value {
  if (callee.computed || callee.property.type !== 'Identifier') {
    return callValue(cx, node, cx.lower.value(callee), argumentsOf(cx, node))
  }
  const name = callee.property.name
  const { wanted } = cx
  cx.wanted = true
  const owner = cx.lower.value(callee.object)
  if (owner.kind === 'ref' && owner.record && (name === 'submit' || name === 'discard')) {
    const [flags] = argumentsOf(cx, node)
    return release(cx, node, usable(cx, callee.object, owner), { name, flags })
  }
  if (owner.kind === 'ref' && owner.map) {
    const via = usable(cx, callee.object, owner).ptr
    return mapMethod(cx, node, { def: owner.map, name, via }, argumentsOf(cx, node))
  }
  if (owner.kind === 'ctx' && name === 'at') return viewOf(cx, node, argumentsOf(cx, node))
  if (owner.kind === 'ctx' && name === 'after') return viewAfter(cx, node, argumentsOf(cx, node))
  if (owner.kind === 'data') {
    const { data } = owner
    if (data.kind === 'map') return mapMethod(cx, node, { def: data, name }, argumentsOf(cx, node))
    if (data.kind === 'intrinsic' && data.name === 'bpf') return callHelper(cx, node, name, argumentsOf(cx, node))
    if (data.kind === 'intrinsic' && data.name === 'atomic') {
      const args = argumentsOf(cx, node)
      return atomicOperation(cx, node, { name, target: node.arguments[0] as Expr | undefined, wanted }, args)
    }
    if (data.kind === 'kernelStruct') {
      return kernelMethod(cx, node, { def: data, name }, argumentsOf(cx, node))
    }
  }
  if (owner.kind === 'ref' || owner.kind === 'ctx' || owner.kind === 'kernel') {
    throw failure(cx, callee.property, 'unknown-form', `${describe(owner)} has no method \`${name}\``)
  }
  return callValue(cx, node, member(cx, callee.property, owner, name), argumentsOf(cx, node))
}

function viewOf(cx: Cx, node: Call, args: readonly Value[]): Value {
  const [schema, offset] = args
  if (args.length !== 2 || schema?.kind !== 'data' || schema.data.kind !== 'schema' || !offset) {
    throw failure(cx, node, 'wrong-argument-count', '`at` takes a schema and an offset', 'usage: ctx.at(Eth, 0)')
  }
  return packetView(cx, node, schema.data.type, offset)
}

function viewAfter(cx: Cx, node: Call, args: readonly Value[]): Value {
  const [view, schema] = args
  if (args.length !== 2 || view?.kind !== 'ref' || schema?.kind !== 'data' || schema.data.kind !== 'schema') {
    throw failure(
      cx,
      node,
      'wrong-argument-count',
      '`after` takes a view and the schema of what follows it',
      'usage: ctx.after(ip, Tcp)',
    )
  }
  return nextView(cx, node, usable(cx, node.arguments[0]!, view), schema.data.type)
}

export function callValue(cx: Cx, node: Call, value: Value, args: readonly Value[]): Value {
  if (value.kind === 'closure') {
    const { name, scope, frame } = value
    return inline(cx, node, { node: value.node, name, frame, scope }, args)
  }
  if (value.kind === 'data') return callData(cx, node, value.data, args)
  throw failure(cx, node, 'unknown-form', `${describe(value)} cannot be called`)
}

function callData(cx: Cx, node: Call, data: Captured, args: readonly Value[]): Value {
  switch (data.kind) {
    case 'schema':
      return convert(cx, node, data.type, args)
    case 'function': {
      const tree = cx.unit.functionNode(data)
      const file = cx.unit.files.get(data.file)
      if (!tree || !file) {
        const hint = 'move it into a `.bpf.ts` file, or a module that a `.bpf.ts` file imports by a relative path'
        throw failure(cx, node, 'not-compilable', `the source of \`${data.name}\` is not known`, hint)
      }
      return inline(cx, node, { node: tree, name: data.name, frame: { file, captures: data }, scope: undefined }, args)
    }
    case 'subprog':
      return invoke(cx, node, data, args)
    case 'intrinsic':
      throw failure(
        cx,
        node,
        'unknown-form',
        data.name === 'range'
          ? '`range` is only for `for..of` loops'
          : `\`${data.name}\` is for module level, not for kernel functions`,
        data.name === 'range' ? 'write `for (const i of range(n))`' : undefined,
      )
    default:
      throw failure(cx, node, 'unknown-form', `${describe(dataValue(data))} cannot be called`)
  }
}

/** `u32(x)`, `bool(x)`, `Flow({ .. })`. */
function convert(cx: Cx, node: Call, type: Type, args: readonly Value[]): Value {
  const [value] = args
  if (args.length !== 1 || !value) {
    throw failure(cx, node, 'wrong-argument-count', `a schema is called with one value, got ${args.length}`)
  }
  if (type.kind !== 'int') return construct(cx, node, type, value)
  if (type.display === 'bool') return boolValue(truthForm(truthOf(cx, node, value)))
  return cast(cx, node, truthAsNumber(cx, node, value) ?? numberOf(cx, node, value), plain(type))
}

function invoke(cx: Cx, node: Node, def: Extract<Captured, { kind: 'subprog' }>, args: readonly Value[]): Value {
  const decl = cx.unit.functionOf(def)
  if (!decl) {
    throw failure(cx, node, 'not-compilable', 'this function has no name', 'give it to a `const` at module level')
  }
  if (args.length !== def.params.length) {
    const message = `\`${decl.name}\` takes ${def.params.length} arguments, got ${args.length}`
    throw failure(cx, node, 'wrong-argument-count', message)
  }
  const forms = args.map((value, i): Form => {
    const type = def.params[i]!
    if (type.kind !== 'int') {
      throw failure(
        cx,
        node,
        'bad-type',
        'parameters of a subprog are integers',
        'pass the fields, or use a plain function: it is inlined',
      )
    }
    return castForm(cx, node, assignable(cx, node, value, { type, what: `parameter ${i + 1}` }), type)
  })
  const span = spanOf(cx, node)
  const form: Form = { kind: 'invoke', function: decl, args: forms, span }
  const local = bind(cx, span, { name: decl.name, init: form, type: decl.result })
  return intValue(localForm(local, span), decl.result)
}
