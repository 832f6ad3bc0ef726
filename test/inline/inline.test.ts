/** Programs inside ordinary modules: built and executed by every bundler; messages point into the module. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { CompileError } from '@unplugin-bpf/core'
import { afterAll, describe, expect, it } from 'vitest'
import { transformInline } from '../../packages/unplugin-bpf/src/inline/transform.ts'
import { BUNDLERS } from '../plugin/bundlers.ts'

const here = import.meta.dirname
// Inside the package, so that the output finds `unplugin-bpf` as an installed application would.
const scratch = join(here, '.output')
const fixture = (name: string): string => join(here, 'fixture', name)

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const EXPECTED = {
  title: 'inline',
  verdicts: [1, 2, 1, 2],
  hit: { port: 53, count: '2n' },
  last: 53,
  count: `${2 * 9999}n`,
}

async function transformed(path: string) {
  const code = readFileSync(path, 'utf8')
  return { code, result: await transformInline(code, path, {}) }
}

async function failureOf(name: string): Promise<string> {
  const error = await transformed(fixture(`wrong/${name}`)).catch((e) => e)
  expect(error).toBeInstanceOf(CompileError)
  return error.message
}

describe.each(BUNDLERS)('$name', ({ name, build }) => {
  it('builds a module with programs of both languages that runs', async () => {
    const file = await build({ entry: fixture('main.js'), outDir: join(scratch, name), types: false })
    expect(JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8' }))).toEqual(EXPECTED)
    const text = readFileSync(file, 'utf8')
    expect(text).not.toContain('use bpf')
    expect(text).not.toContain('defprog')
    expect(text).not.toMatch(/\bxdp\b.*unplugin-bpf\/dsl/)
  })

  it('shows the place inside a template', async () => {
    const error = await build({
      entry: fixture('wrong/template.js'),
      outDir: join(scratch, `${name}-bad`),
      types: false,
    }).catch((e: Error) => e)
    expect(String((error as Error).message)).toMatch(/template\.js:7:19/)
    expect(String((error as Error).message)).toContain('(incf (getmap pkt-cuont 0))')
  })
})

it.each(BUNDLERS.filter(({ name }) => /^(vite|esbuild|rolldown)$/.test(name)))(
  '$name: the module may be TypeScript',
  async ({ name, build }) => {
    const file = await build({ entry: fixture('typed.ts'), outDir: join(scratch, `${name}-ts`), types: false })
    const built = name === 'vite' ? file.replace(/main\.js$/, 'typed.js') : file
    expect(JSON.parse(execFileSync(process.execPath, [built], { encoding: 'utf8' }))).toEqual(EXPECTED)
  },
)

describe('the module afterwards', () => {
  it('keeps what the application uses, and loses what only programs used', async () => {
    const { result } = await transformed(fixture('typed.ts'))
    const text = result!.code
    expect(text).toMatch(/export const Hit = struct/)
    for (const gone of ['dropPort', 'headerLength', 'map.hash', 'use bpf', 'defmap']) expect(text).not.toContain(gone)
    expect(text).toContain("title: string = 'inline'")
    expect(result!.files.map((file) => file.replace(/^.*[\\/]/, ''))).toEqual(['typed.ts', 'ports.ts'])
  })

  it('has a source map that leads every later line to its own', async () => {
    const { code, result } = await transformed(fixture('typed.ts'))
    const lines = result!.code.split('\n')
    const at = lines.findIndex((line) => line.includes('function main()'))
    // An object of version 3.
    const map = new SourceMap(result!.map as unknown as ConstructorParameters<typeof SourceMap>[0])
    const entry = map.findEntry(at, 'function '.length)
    expect(code.split('\n')[(entry as { originalLine: number }).originalLine]).toBe(lines[at])
  })

  it('keeps what it exports or shows, however it says so', async () => {
    const text = `import { map, object, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'
const hits = map.hash(u32, u64, { maxEntries: 4 }), Other = map.hash(u32, u64, { maxEntries: 4 })
const seen = map.hash(u32, u64, { maxEntries: 4 })
export const prog = object({ maps: { hits, Other, seen }, programs: { pass: xdp(() => XDP.PASS) } })
export { seen as visits }
export const view = <Other />
`
    const { code } = (await transformInline(text, fixture('view.tsx'), {}))!
    expect(code).toContain('const seen = map.hash')
    expect(code).toContain('Other = map.hash')
    expect(code).toContain("import { map, u32, u64 } from 'unplugin-bpf/dsl'")
  })

  it('is left alone when there is no program in it', async () => {
    const text = "import { struct, u32 } from 'unplugin-bpf/dsl'\nexport const object = struct({ a: u32 })\n"
    expect(await transformInline(text, fixture('other.ts'), {})).toBeUndefined()
    const shadowed = "import { lisp } from 'unplugin-bpf/dsl'\nexport const f = (lisp: any) => lisp`(nonsense`\n"
    expect(await transformInline(shadowed, fixture('other.ts'), {})).toBeUndefined()
  })
})

describe('what is wrong is shown at its place', () => {
  it('in a function', async () => {
    const message = await failureOf('function.js')
    expect(message).toMatch(/function\.js:7:14: error\[unsupported\]: `\*\*` is not supported/)
    expect(message).toContain('return ctx.length ** 2 > 100')
  })

  it('a variable of the function around the program', async () => {
    const message = await failureOf('local.js')
    expect(message).toMatch(/local\.js:6:13: error\[not-compilable\]: `seen` exists only while the function/)
    expect(message).toContain('maps: { seen }')
  })

  it('a hole that is no number', async () => {
    expect(await failureOf('hole.js')).toMatch(/hole\.js:4:49: error\[not-compilable\]: a whole number was expected/)
  })

  it('a throw at build time', async () => {
    const message = await failureOf('throws.js')
    expect(message).toMatch(/throws\.js:4:\d+: error\[evaluation-error\]: RangeError: array\(\)/)
    expect(message).toContain('const maps = sizes.map')
  })
})
