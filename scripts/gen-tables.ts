/**
 * Makes packages/core/src/tables/generated/*.ts.
 *
 *   tsx scripts/gen-tables.ts           writes the tables from the committed scripts/input/kernel-*.json
 *   tsx scripts/gen-tables.ts extract   first makes that input from the running kernel (root; needs its BTF)
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { generateTables } from './tables/generate.ts'
import type { KernelInput } from './tables/kernel-input.ts'

const INPUT = new URL('./input/kernel-6.18.json', import.meta.url)
const OUTPUT = new URL('../packages/core/src/tables/generated/', import.meta.url)

const input = JSON.parse(readFileSync(INPUT, 'utf8')) as KernelInput
for (const [name, text] of Object.entries(generateTables(input))) {
  writeFileSync(new URL(`${name}.ts`, OUTPUT), text)
  console.log(`wrote tables/generated/${name}.ts`)
}
