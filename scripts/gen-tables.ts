/**
 * Makes packages/core/src/tables/generated/*.ts.
 *
 *   npm run gen                                  writes the tables from the committed scripts/input/kernel-6.18.json
 *   npm run gen:extract                          first makes that input from the running kernel (root; needs its BTF)
 *
 * Both are deterministic; a test demands that the committed tables are what `gen` writes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { argv } from 'node:process'
import { readBtf } from '../packages/core/src/btf/reader.ts'
import { extractBtf } from './tables/extract-btf.ts'
import { generateTables } from './tables/generate.ts'
import { generateDsl } from './tables/generate-dsl.ts'
import { inputText, type KernelInput } from './tables/kernel-input.ts'

const INPUT = new URL('./input/kernel-6.18.json', import.meta.url)
const OUTPUT = new URL('../packages/core/src/tables/generated/', import.meta.url)

async function extract(): Promise<KernelInput> {
  const fromBtf = extractBtf(readBtf(readFileSync('/sys/kernel/btf/vmlinux')))
  // Loaded only here: it needs the loader's native part, which plain generation does not.
  const { extractHelpers } = await import('./tables/extract-helpers.ts')
  const helpers = extractHelpers(fromBtf.enums.bpf_func_id!)
  return { kernel: release().split('.').slice(0, 2).join('.'), ...fromBtf, helpers }
}

if (argv[2] === 'extract') writeFileSync(INPUT, inputText(await extract()))

const input = JSON.parse(readFileSync(INPUT, 'utf8')) as KernelInput // the file is ours
for (const [name, text] of Object.entries(generateTables(input))) {
  writeFileSync(new URL(`${name}.ts`, OUTPUT), text)
  console.log(`wrote tables/generated/${name}.ts`)
}

const DSL = new URL('../packages/core/src/dsl/generated/', import.meta.url)
mkdirSync(DSL, { recursive: true })
for (const [name, text] of Object.entries(generateDsl())) {
  writeFileSync(new URL(`${name}.ts`, DSL), text)
  console.log(`wrote dsl/generated/${name}.ts`)
}
