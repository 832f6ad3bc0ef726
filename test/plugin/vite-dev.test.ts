/**
 * Vite's dev server: a wrong program reaches the overlay with place and frame, an edit of the source or of a file that it
 * includes makes a new module.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import bpf from 'unplugin-bpf/vite'
import { createServer, type ViteDevServer } from 'vite'
import { afterAll, beforeAll, expect, it } from 'vitest'

const here = import.meta.dirname
const project = join(here, '.output-dev')
let server: ViteDevServer

beforeAll(async () => {
  mkdirSync(project, { recursive: true })
  cpSync(join(here, '..', 'fixtures', 'app'), project, { recursive: true })
  server = await createServer({
    root: project,
    configFile: false,
    logLevel: 'silent',
    plugins: [bpf({ types: true })],
    server: { middlewareMode: true, ws: false },
    // Inlined: the outer vitest makes Node resolve packages to their TypeScript sources.
    ssr: { noExternal: true },
  })
})

afterAll(async () => {
  await server?.close()
  rmSync(project, { recursive: true, force: true })
})

interface Sample {
  readonly default: { readonly elf: Uint8Array }
  readonly constants: { readonly WATCHED_PORT: number }
}

const load = (): Promise<Sample> => server.ssrLoadModule('/sample.bpf.lisp') as unknown as Promise<Sample>

/** Waits until the file watcher has told vite, which drops the module. */
async function edited(previous: Sample, change: () => void): Promise<Sample> {
  change()
  for (let i = 0; i < 100; i++) {
    const next = await load()
    if (next !== previous) return next
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the module was not reloaded within 5 s')
}

const sample = (port: number): string => `(load "./verdicts.lisp")
(defconstant +watched-port+ ${port})
(defprog count-packets (:type :xdp) (refuse))
`

it('serves the module, and reloads it when the source or an included file changes', async () => {
  const first = await load()
  expect(first.constants.WATCHED_PORT).toBe(9999)
  const second = await edited(first, () => writeFileSync(join(project, 'sample.bpf.lisp'), sample(81)))
  expect(second.constants.WATCHED_PORT).toBe(81)
  const third = await edited(second, () =>
    writeFileSync(join(project, 'verdicts.lisp'), "(defmacro refuse () 'XDP_ABORTED)\n"),
  )
  expect(third.default.elf).not.toEqual(second.default.elf)
})

it('an error carries what the overlay shows', async () => {
  writeFileSync(join(project, 'wrong.bpf.lisp'), '(defprog p (:type :xdp)\n  (incf (getmap nope 0)))\n')
  const error = await server.ssrLoadModule('/wrong.bpf.lisp').then(
    () => undefined,
    (failure: unknown) => failure,
  )
  expect(error).toMatchObject({
    plugin: 'unplugin-bpf',
    id: join(project, 'wrong.bpf.lisp'),
    loc: { file: join(project, 'wrong.bpf.lisp'), line: 2, column: 16 },
    frame: expect.stringContaining('(incf (getmap nope 0))'),
    message: expect.stringContaining('error[unknown-map]'),
  })
})
