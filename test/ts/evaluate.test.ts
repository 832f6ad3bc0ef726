/** Evaluation: captures, and what is said when a module cannot be evaluated. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { CompileError } from '@unplugin-bpf/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileBpfTs } from '../../packages/unplugin-bpf/src/compile-ts.ts'
import { evaluateFile } from '../../packages/unplugin-bpf/src/evaluate/evaluate.ts'

let folder: string
beforeAll(() => {
  mkdirSync(join(import.meta.dirname, '.output'), { recursive: true })
  folder = mkdtempSync(join(import.meta.dirname, '.output', 'evaluate-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function failureOf(path: string, timeLimit?: number): Promise<string> {
  try {
    await evaluateFile(path, { timeLimit })
  } catch (error) {
    return (error as CompileError).message.replaceAll(`${relative(process.cwd(), folder)}/`, '')
  }
  throw new Error('evaluation went well')
}

const PROGRAM = `export default object({ programs: { p: xdp(() => XDP.PASS) } })\n`
const HEAD = `import { map, object, struct, u32, u64, xdp, XDP, bpf, range } from 'unplugin-bpf/dsl'\n`

describe('captures', () => {
  it('are the free names of the function, by value and by identity', async () => {
    const path = write(
      'captures.bpf.ts',
      `${HEAD}import type { u8 } from 'unplugin-bpf/dsl'
import { twice } from './lib'
let count = 1
count = 2
const counts = map.array(u64, { maxEntries: 1 })
const make = (n: number) => xdp((ctx) => {
  const n2: u8 = n
  { const twice = 1; void twice }
  counts.add(0, twice(n2) + count)
  for (const i of range(2)) bpf.printk('%d', i)
  return ({ n }).n === 3 ? XDP.DROP : Math.abs(1)
})
class Foreign {}
const foreign = new Foreign()
function hoisted() { return foreign }
export const list = [1, 2n, 'x', null, undefined, true]
export default object({ maps: { counts }, programs: { a: make(1), b: make(2), c: xdp(() => { hoisted(); later; return 1 }) } })
const later = Foreign
`,
    )
    write('lib.ts', 'export function twice(x: number) { return x * factor }\nconst factor = 2\n')
    const { module } = await evaluateFile(path)
    const [a, b, c] = [...module.object.programs.values()].map((program) => program.handler)
    expect([...a!.captures.keys()].sort()).toEqual(['XDP', 'bpf', 'count', 'counts', 'n', 'range', 'twice', 'u8'])
    expect([a!.captures.get('n'), b!.captures.get('n')]).toMatchObject([{ value: 1 }, { value: 2 }])
    expect(a!.mutated).toEqual(['count'])
    expect(a!.captures.get('count')).toEqual({ kind: 'number', value: 2 })
    expect(a!.captures.get('counts')).toBe(module.object.maps.get('counts'))
    expect(b!.captures.get('counts')).toBe(module.object.maps.get('counts'))
    expect(a!.captures.get('u8')).toMatchObject({ kind: 'schema', type: { bits: 8 } })
    expect(a!.captures.get('bpf')).toEqual({ kind: 'intrinsic', name: 'bpf' })
    const twice = a!.captures.get('twice')
    expect(twice).toMatchObject({ kind: 'function', name: 'twice' })
    if (twice?.kind !== 'function') throw new Error('not a function')
    expect(twice.captures.get('factor')).toEqual({ kind: 'number', value: 2 })
    expect(module.files.get(twice.file)!.slice(twice.start, twice.end)).toMatch(/^function twice.*\}$/)
    const hoisted = c!.captures.get('hoisted')
    if (hoisted?.kind !== 'function') throw new Error('not a function')
    expect(hoisted.captures.get('foreign')).toEqual({ kind: 'opaque', what: 'an instance of Foreign' })
    expect(c!.captures.get('later')).toEqual({ kind: 'opaque', what: 'the class Foreign' })
    expect(module.exports.get('list')).toMatchObject({ kind: 'array', items: { length: 6 } })
  })

  it('name maps and structs after their variables', async () => {
    const path = write(
      'names.bpf.ts',
      `${HEAD}const Flow = struct({ packetCount: u64, a_b: u32 })
const seen = map.hash(u32, Flow, { maxEntries: 1 })
export default object({ programs: { p: xdp(() => { seen; return XDP.PASS }) } })\n`,
    )
    const { module } = await evaluateFile(path)
    const seen = module.object.programs.get('p')!.handler.captures.get('seen')
    const fields = [
      { name: 'packet_count', offset: 0 },
      { name: 'a_b', key: 'a_b', offset: 8 },
    ]
    expect(seen).toMatchObject({ kind: 'map', name: 'seen', value: { name: 'Flow', size: 16, fields } })
  })
})

describe('failures', () => {
  it('shows the source line of a throw at module level, and who called', async () => {
    const path = write(
      'throws.bpf.ts',
      `${HEAD}
interface Checked { readonly n: number }
function check(c: Checked): number {
  if (c.n > 1) throw new RangeError('n is too large')
  return c.n
}
check({ n: 7 })
${PROGRAM}`,
    )
    expect(await failureOf(path)).toBe(
      `throws.bpf.ts:5:22: error[evaluation-error]: RangeError: n is too large
    5 |   if (c.n > 1) throw new RangeError('n is too large')
      |                      ^^^
  note: throws.bpf.ts:8:1: called from here
    8 | check({ n: 7 })
      | ^^^^^`,
    )
  })

  it('stops an endless loop, and evaluates the next module', async () => {
    const path = write('endless.bpf.ts', `${HEAD}while (XDP.PASS === 2) {}\n${PROGRAM}`)
    expect(await failureOf(path, 300)).toContain(
      'endless.bpf.ts:1:1: error[evaluation-limit]: the module was still running after 300 ms',
    )
    await expect(compileBpfTs(write('next.bpf.ts', HEAD + PROGRAM))).resolves.toMatchObject({
      object: { programs: [{ name: 'p' }] },
    })
  })

  it.each([
    ['syntax', `${HEAD}const x = = 1\n`, /^syntax\.bpf\.ts:2:11: error\[bad-syntax\]/],
    [
      'missing',
      `import { a } from './nowhere.ts'\n`,
      /^missing\.bpf\.ts:1:19: error\[missing-file\]: there is no module/,
    ],
    [
      'link',
      `import { nope } from 'unplugin-bpf/dsl'\nnope\n`,
      /^link\.bpf\.ts:1:10: error\[evaluation-error\]: SyntaxError: .*unplugin-bpf\/dsl.*'nope'/,
    ],
    [
      'noobject',
      `${HEAD}export const x = 1\n`,
      /^noobject\.bpf\.ts:1:1: error\[bad-syntax\]: the file has no default export/,
    ],
    [
      'wrongdefault',
      `${HEAD}export default 7\n`,
      /^wrongdefault\.bpf\.ts:2:1: error\[bad-syntax\]: the default export must be object\(.*a number/,
    ],
    [
      'exit',
      `import process from 'node:process'\nprocess.exit(3)\n${HEAD}${PROGRAM}`,
      /^exit\.bpf\.ts:1:1: error\[evaluation-error\]: the module ended the process with code 3/,
    ],
    [
      'helper',
      `${HEAD}bpf.ktimeGetNs()\n${PROGRAM}`,
      /^helper\.bpf\.ts:2:5: error\[evaluation-error\]: Error: bpf\.ktimeGetNs\(\) was called outside a kernel function/,
    ],
    [
      'ringbuf',
      `${HEAD}map.ringbuf(u32, { bytes: 100 })\n`,
      /^ringbuf\.bpf\.ts:2:5: error\[evaluation-error\]: RangeError: map\.ringbuf: bytes must be a power of two/,
    ],
    [
      'builtin',
      `${HEAD}export default object({ programs: { p: xdp(Math.abs as never) } })\n`,
      /the handler of a program of section 'xdp' is the built-in function abs/,
    ],
  ])('%s', async (name, text, expected) => {
    expect(await failureOf(write(`${name}.bpf.ts`, text))).toMatch(expected)
  })

  it('tells which files were read, also when evaluation fails', async () => {
    write('part.ts', 'export const part = 1\nthrow new Error("part failed")\n')
    const path = write('whole.bpf.ts', `${HEAD}import { part } from './part.ts'\nvoid part\n${PROGRAM}`)
    const files: string[] = []
    await expect(evaluateFile(path, { onFile: (file) => files.push(file) })).rejects.toThrow(
      /part\.ts:2:7.*part failed/s,
    )
    expect(files).toEqual([path, join(folder, 'part.ts')])
  })

  it('sees edits of imported modules', async () => {
    const path = write('edit.bpf.ts', `${HEAD}import { verdict } from './verdict.ts'\nexport { verdict }\n${PROGRAM}`)
    for (const verdict of [1, 22]) {
      write('verdict.ts', `export const verdict = ${verdict}\n`)
      const { module } = await evaluateFile(path)
      expect(module.exports.get('verdict')).toEqual({ kind: 'number', value: verdict })
    }
  })
})

it('run uncompiled, the object says what to do', async () => {
  const { object, xdp } = await import('../../packages/core/src/entry/dsl.ts')
  const live = object({ programs: { p: xdp(() => 2) } })
  expect(() => live.load()).toThrow(/Compile the file with the plugin: add bpf\(\) from 'unplugin-bpf\/vite'/)
  expect(() => live.elf).toThrow(/unplugin-bpf compile FILE/)
})
