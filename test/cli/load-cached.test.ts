/** The compiled form that commands keep of themselves: it saves time, and never changes what a command does. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

interface Loader {
  load(path: string): { answer(): number }
  keep(): { written: number }
}

const script = join(import.meta.dirname, '../../packages/unplugin-bpf/bin/load-cached.mjs')
const { cachedLoader } = (await import(script)) as { cachedLoader(folder: string, version: string): Loader }

let project: string
let cache: string

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'unplugin-bpf-cache-'))
  cache = join(project, 'node_modules/.cache/unplugin-bpf', `cli-${process.version}-${process.arch}`)
  mkdirSync(join(project, 'node_modules'))
  write('main.cjs', `const { six } = require('./part.cjs'); exports.answer = () => six() * 7`)
  write('part.cjs', `exports.six = () => 6`)
})
afterEach(() => rmSync(project, { recursive: true, force: true }))

describe('load-cached', () => {
  it('keeps every loaded file, and does not write what it could use', () => {
    expect(run()).toEqual({ answer: 42, written: 2 })
    expect(readdirSync(cache).sort()).toEqual(['main.cjs.bin', 'part.cjs.bin'])
    expect(run()).toEqual({ answer: 42, written: 0 })
  })

  it('sees a changed file, and another version of the package', () => {
    run()
    write('part.cjs', `exports.six = () => 7`)
    expect(run()).toEqual({ answer: 49, written: 1 })
    expect(run('2.0.0')).toEqual({ answer: 49, written: 2 })
  })

  it('takes no damaged cache', () => {
    run()
    const file = join(cache, 'part.cjs.bin')
    const whole = readFileSync(file)
    const damaged = [whole.subarray(0, 0), whole.subarray(0, 60), whole.subarray(0, 200), Buffer.alloc(4096, 'x')]
    const flipped = Buffer.from(whole)
    flipped[flipped.length - 40]! ^= 0xff
    for (const content of [...damaged, flipped]) {
      writeFileSync(file, content)
      expect(run()).toEqual({ answer: 42, written: 1 })
    }
  })

  it('works where nothing can be written, or should be', () => {
    writeFileSync(join(project, 'node_modules/.cache'), 'a file is in the way')
    expect(run().answer).toBe(42)
    process.env.NODE_DISABLE_COMPILE_CACHE = '1'
    try {
      expect(run()).toEqual({ answer: 42, written: 0 })
    } finally {
      delete process.env.NODE_DISABLE_COMPILE_CACHE
    }
  })
})

function write(name: string, text: string): void {
  writeFileSync(join(project, name), text)
}

function run(version = '1.0.0'): { answer: number; written: number } {
  const { load, keep } = cachedLoader(project, version)
  const answer = load(join(project, 'main.cjs')).answer()
  return { answer, ...keep() }
}
