/** The page of what kernel functions in TypeScript cannot say, from the tables that refuse it. */
import { REFUSED } from '../../packages/core/src/ts/ast.ts'
import { REFUSED_OPERATORS } from '../../packages/core/src/ts/operators.ts'
import { code, page, table } from './markdown.ts'

export function refusedPage(): string {
  return page(
    'Refused in kernel functions',
    'Syntax of TypeScript that the compiler refuses inside kernel functions, by name and at its place. At module level, which runs at build time, all of it works. [Why](../guide/15-not-supported.md).',
    '## Syntax',
    // Two node types may have one name.
    table(
      ['what', 'instead'],
      [...new Map(Object.values(REFUSED)).entries()].map((row) => [...row]),
    ),
    '## Operators',
    table(
      ['operator', 'instead'],
      Object.entries(REFUSED_OPERATORS).map(([operator, hint]) => [code(operator), hint]),
    ),
  )
}
