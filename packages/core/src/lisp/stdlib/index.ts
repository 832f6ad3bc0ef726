/** Everything the compile-time language has, in one place: the evaluator, the docs and the hints read these two tables. */
import type { Builtin, Language, Operator } from '../interp.ts'
import { BINDING_OPERATORS } from './bindings.ts'
import { BIT_FUNCTIONS } from './bits.ts'
import { CONTROL_OPERATORS } from './control.ts'
import { HASH_FUNCTIONS } from './hash.ts'
import { ITERATION_OPERATORS } from './iteration.ts'
import { LIST_FUNCTIONS } from './list.ts'
import { LOOP_OPERATORS } from './loop.ts'
import { NUMBER_FUNCTIONS } from './number.ts'
import { PLACE_OPERATORS } from './places.ts'
import { SEQUENCE_FUNCTIONS } from './sequence.ts'
import { STRING_FUNCTIONS } from './string.ts'
import { SYMBOL_FUNCTIONS } from './symbol.ts'
import { TREE_FUNCTIONS } from './trees.ts'

export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...CONTROL_OPERATORS,
    ...BINDING_OPERATORS,
    ...ITERATION_OPERATORS,
    ...PLACE_OPERATORS,
    ...LOOP_OPERATORS,
  }),
)

export const FUNCTIONS: ReadonlyMap<string, Builtin> = new Map(
  Object.entries({
    ...NUMBER_FUNCTIONS,
    ...BIT_FUNCTIONS,
    ...LIST_FUNCTIONS,
    ...TREE_FUNCTIONS,
    ...SEQUENCE_FUNCTIONS,
    ...STRING_FUNCTIONS,
    ...SYMBOL_FUNCTIONS,
    ...HASH_FUNCTIONS,
  }),
)

export const LANGUAGE: Language = { operators: OPERATORS, builtins: FUNCTIONS }
