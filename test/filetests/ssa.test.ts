/**
 * Runs `.ssa` files: the first line names passes, the function follows, then what it must become.
 *
 *   ; pass=gvn,dce
 *   func p xdp {
 *   ...
 *   ; --- expect
 *   func p xdp {
 *
 * `BLESS=1` writes what came out into the file. `pass=none` checks reading and printing alone.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Pass } from '../../packages/core/src/opt/pass.ts'
import { once, runSteps } from '../../packages/core/src/opt/pass.ts'
import { optimize, PIPELINE } from '../../packages/core/src/opt/pipeline.ts'
import { DEFAULT_OPTIONS } from '../../packages/core/src/options.ts'
import { parseFunc } from '../../packages/core/src/ssa/parse.ts'
import { printFunc } from '../../packages/core/src/ssa/print.ts'
import { verifyFunc } from '../../packages/core/src/ssa/verify.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const MARK = '; --- expect\n'
const OPTIONS = DEFAULT_OPTIONS
const PASSES = new Map(PIPELINE.flatMap((step) => step.passes).map((pass) => [pass.name, pass]))

function filesIn(folder: string): string[] {
  return readdirSync(join(HERE, folder))
    .filter((name) => name.endsWith('.ssa'))
    .map((name) => join(HERE, folder, name))
}

function transform(text: string, names: readonly string[]): string {
  const fn = parseFunc(text)
  verifyFunc(fn)
  if (names[0] === 'all') optimize(fn, OPTIONS)
  else if (names[0] !== 'none') runSteps(fn, names.map((name) => once(passNamed(name))), OPTIONS) // biome-ignore format: one row
  return printFunc(fn, 'dense')
}

function passNamed(name: string): Pass {
  const pass = PASSES.get(name)
  if (!pass) throw new Error(`no pass is called ${name}; there are ${[...PASSES.keys()].join(', ')}`)
  return pass
}

describe.each(['ssa', 'opt'])('%s files', (folder) => {
  it.each(filesIn(folder).map((path) => [relative(HERE, path), path]))('%s', (_, path) => {
    const text = readFileSync(path, 'utf8')
    const names = /^; pass=(\S+)\n/.exec(text)?.[1]?.split(',')
    if (!names) throw new Error('the first line must be "; pass=NAME"')
    const [input = '', expected = ''] = text.split(MARK)
    const found = transform(input, names)
    if (process.env.BLESS === '1') writeFileSync(path, `${input}${MARK}${found}`)
    else expect(found).toBe(expected)
  })
})

it('has a file for every pass', () => {
  const used = filesIn('opt').flatMap(
    (path) => /^; pass=(\S+)\n/.exec(readFileSync(path, 'utf8'))?.[1]?.split(',') ?? [],
  )
  expect([...PASSES.keys()].filter((name) => !used.includes(name))).toEqual([])
})
