/** Conditionals, sequences, bounded loops and exits. */
import type { Form, Local } from '../../forms/node.ts'
import { u32 } from '../../types/types.ts'
import { at, conditional, constant, constantOf } from '../build.ts'
import { bindLocal, type Call, type Cx, type SpecialForm } from '../context.ts'
import { isSym, NIL, sym, T } from '../datum.ts'
import { printDatum } from '../print.ts'
import { listOf, quoted, symbolOf, syntaxError } from '../syntax.ts'
import { constantInteger, splitBody, toBody, toForm } from '../translate.ts'
import { checkBindable, declaredTypes } from './binding.ts'
import { loopBody } from './loops.ts'
import { arg, form } from './shared.ts'

const OTHERWISE = sym('OTHERWISE')

function translateIf(cx: Cx, call: Call): Form {
  const otherwise = call.args[2] ? toForm(cx, call.args[2]) : undefined
  return conditional(call.stx, arg(cx, call, 0), arg(cx, call, 1), otherwise)
}

function translateWhen(cx: Cx, call: Call): Form {
  return conditional(call.stx, arg(cx, call, 0), toBody(cx, call.stx, call.args.slice(1)))
}

function translateUnless(cx: Cx, call: Call): Form {
  const test: Form = { kind: 'not', value: arg(cx, call, 0), ...at(call.stx) }
  return conditional(call.stx, test, toBody(cx, call.stx, call.args.slice(1)))
}

function translateCond(cx: Cx, call: Call): Form {
  const clauses = call.args.map((clause) => ({ clause, parts: listOf(clause, 'a clause (test body...)') }))
  return (
    clauses.reduceRight<Form | undefined>((rest, { clause, parts }) => {
      const [test, ...body] = parts
      if (!test) throw syntaxError('bad-syntax', clause, 'a `cond` clause is empty', 'a clause is (test body...)')
      if (test.datum === T || test.datum === OTHERWISE)
        return body.length === 0 ? constant(clause, 1) : toBody(cx, clause, body)
      const value = toForm(cx, test)
      // A clause without a body has the value of its test.
      if (body.length === 0) return rest ? { kind: 'or', forms: [value, rest], ...at(clause) } : value
      return conditional(clause, value, toBody(cx, clause, body), rest)
    }, undefined) ?? constant(call.stx, 0)
  )
}

function translateLogic(cx: Cx, call: Call, kind: 'and' | 'or'): Form {
  const forms = call.args.map((stx) => toForm(cx, stx))
  if (forms.length === 0) return constant(call.stx, 0)
  return forms.length === 1 ? forms[0]! : { kind, forms, ...at(call.stx) }
}

function translateNot(cx: Cx, call: Call): Form {
  const value = arg(cx, call, 0)
  const known = constantOf(value)
  return known === undefined ? { kind: 'not', value, ...at(call.stx) } : constant(call.stx, known === 0n ? 1 : 0)
}

function translateDotimes(cx: Cx, call: Call): Form {
  const [nameStx, countStx, ...extra] = listOf(call.args[0]!, '(variable count)')
  if (!nameStx || !countStx || extra.length > 0) {
    throw syntaxError(
      'bad-syntax',
      call.args[0]!,
      `expected (variable count), got ${quoted(call.args[0]!)}`,
      'usage: (dotimes (i 8) body...)',
    )
  }
  const name = symbolOf(nameStx, 'a variable name')
  checkBindable(cx, name, nameStx)
  const count = BigInt.asIntN(64, constantInteger(cx, countStx, 'the count of `dotimes`'))
  if (count < 0n || count >= 1n << 31n)
    throw syntaxError('bad-option', countStx, `the count of \`dotimes\` is 0 to 2147483647, got ${count}`)
  const { declarations, body: forms } = splitBody(call.args.slice(1))
  const type = declaredTypes(declarations).get(name)?.type ?? u32
  const local: Local = { name: printDatum(name, 'plain'), type, span: nameStx.span }
  const loop = loopBody(cx, call.stx, (inner) => toBody(bindLocal(inner, name, local), call.stx, forms))
  return loop.wrap({ kind: 'repeat', local, count: Number(count), body: loop.body, ...at(call.stx) })
}

function translateReturn(cx: Cx, call: Call): Form {
  const value = call.args[0] ? toForm(cx, call.args[0]) : undefined
  if (cx.onReturn) return cx.onReturn(call.stx, value ?? constant(call.stx, 0))
  return { kind: 'return', value, ...at(call.stx) }
}

function translateBlock(cx: Cx, call: Call): Form {
  const nameStx = call.args[0]!
  const name = nameStx.datum === NIL ? NIL : symbolOf(nameStx, 'a block name')
  const label = { name: printDatum(name) }
  const body = toBody({ ...cx, blocks: [{ name, label }, ...cx.blocks] }, call.stx, call.args.slice(1))
  return { kind: 'block', label, body, ...at(call.stx) }
}

function translateReturnFrom(cx: Cx, call: Call): Form {
  const nameStx = call.args[0]!
  const block = cx.blocks.find((b) => b.name === nameStx.datum)
  if (!block || !isSym(nameStx.datum)) {
    throw syntaxError(
      'bad-syntax',
      nameStx,
      `no block named ${quoted(nameStx)} is around this`,
      '`(return value)` leaves the program',
    )
  }
  return {
    kind: 'leave',
    label: block.label,
    value: call.args[1] ? toForm(cx, call.args[1]) : undefined,
    ...at(call.stx),
  }
}

export const CONTROL_FORMS: Readonly<Record<string, SpecialForm>> = {
  IF: form('test then [else]', 'One of two forms; 0 when there is none.', translateIf),
  WHEN: form('test body...', 'The body if the test is not 0, else 0.', translateWhen),
  UNLESS: form('test body...', 'The body if the test is 0, else 0.', translateUnless),
  COND: form('(test body...)...', 'The first clause whose test is not 0, else 0.', translateCond),
  AND: form('forms...', '0 at the first 0, else the last value.', (cx, call) => translateLogic(cx, call, 'and')),
  OR: form('forms...', 'The first value that is not 0.', (cx, call) => translateLogic(cx, call, 'or')),
  NOT: form('value', '1 if the value is 0, else 0.', translateNot),
  PROGN: form('forms...', 'The value of the last form.', (cx, call) =>
    call.args.length === 0 ? constant(call.stx, 0) : toBody(cx, call.stx, call.args),
  ),
  DOTIMES: form('(name count) body...', 'The body for 0 .. count-1; the count is constant.', translateDotimes),
  RETURN: form('[value]', 'Ends the program.', translateReturn),
  BLOCK: form('name body...', 'A body that `return-from` can leave.', translateBlock),
  'RETURN-FROM': form('name [value]', 'Leaves a block with a value.', translateReturnFrom),
}
