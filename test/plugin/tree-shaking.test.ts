/**
 * What an application does not use of a program's module is not in its bundle; kernel functions never are. What is there
 * leads back to the program's file.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUNDLERS } from './bundlers.ts'

const scratch = join(import.meta.dirname, '.output', 'shaking')

beforeAll(() => {
  mkdirSync(scratch, { recursive: true })
  writeFileSync(
    join(scratch, 'flows.bpf.ts'),
    `import { map, object, struct, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

export const Used = struct({ first: u32, wanted: u64 })
export const Unused = struct({ second: u32, superfluous: u64 })
export const LIMIT = 4096
const flows = map.hash(u32, Used, { maxEntries: LIMIT })
const others = map.hash(u32, Unused, { maxEntries: 1 })
const kernelSecret = (length: number) => length ^ 0x5eed
const main = xdp((ctx) => (flows.has(kernelSecret(ctx.length)) ? XDP.DROP : XDP.PASS))
export default object({ maps: { flows, others }, programs: { main } })
`,
  )
  writeFileSync(
    join(scratch, 'codec.js'),
    "import { Used } from './flows.bpf.ts'\nconsole.log(Used.decode(new Uint8Array(16)))\n",
  )
  writeFileSync(join(scratch, 'constant.js'), "import { LIMIT } from './flows.bpf.ts'\nconsole.log(LIMIT)\n")
  writeFileSync(join(scratch, 'whole.js'), "import prog from './flows.bpf.ts'\nconsole.log(prog.load)\n")
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const ELF_MAGIC = 'f0VM' // base64 of 7f 45 4c 46

describe.each(BUNDLERS.filter(({ name }) => name === 'rollup' || name === 'esbuild' || name === 'rolldown'))(
  '$name',
  ({ name, build }) => {
    const bundle = async (entry: string): Promise<string> => {
      const outDir = join(scratch, `${name}-${entry}`)
      return readFileSync(await build({ entry: join(scratch, entry), outDir, types: false }), 'utf8')
    }

    it('a codec comes without the others and without the program', async () => {
      const text = await bundle('codec.js')
      expect(text).toContain('wanted')
      for (const gone of ['superfluous', ELF_MAGIC, 'defineModule(']) expect(text).not.toContain(gone)
    })

    it('a codec leads to its schema', async () => {
      await bundle('codec.js')
      const file = join(scratch, `${name}-codec.js`, 'main.mjs')
      const lines = readFileSync(file, 'utf8').split('\n')
      // An object of version 3.
      const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')))
      const at = lines.findIndex((line) => /\bsize: ?16\b/.test(line))
      const entry = map.findEntry(at, lines[at]!.length) as { originalSource: string; originalLine: number }
      expect(entry.originalSource).toMatch(/flows\.bpf\.ts$/)
      expect(entry.originalLine).toBe(2) // export const Used
    })

    it('a constant comes alone', async () => {
      const text = await bundle('constant.js')
      expect(text).toContain('4096')
      for (const gone of ['wanted', 'superfluous', ELF_MAGIC]) expect(text).not.toContain(gone)
    })

    it('the program comes as ELF, without its functions', async () => {
      const text = await bundle('whole.js')
      expect(text).toContain(ELF_MAGIC)
      for (const gone of ['kernelSecret', 'unplugin-bpf/dsl', 'ctx.length']) expect(text).not.toContain(gone)
    })
  },
)
