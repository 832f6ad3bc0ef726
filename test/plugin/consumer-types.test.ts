/**
 * A consumer project with generated declarations, checked by three TypeScript versions and both module resolutions that
 * a Node project uses. `@ts-expect-error` lines make missing errors fail too.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFile } from '../../packages/unplugin-bpf/src/compile-file.ts'
import { writeTypes } from '../../packages/unplugin-bpf/src/types-sync.ts'

const here = import.meta.dirname
const root = join(here, '..', '..')
const project = join(here, '.output-consumer')
const PROGRAMS = ['count-xdp.bpf.lisp', 'event-logger.bpf.lisp']

beforeAll(() => {
  mkdirSync(project, { recursive: true })
  cpSync(join(here, '..', 'consumer'), project, { recursive: true })
  for (const name of PROGRAMS) {
    cpSync(join(root, 'playground', 'src', 'programs', name), join(project, name))
    writeTypes(compileFile(join(project, name)))
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
})

afterAll(() => rmSync(project, { recursive: true, force: true }))

const RESOLUTIONS = [
  { module: 'esnext', moduleResolution: 'bundler' },
  { module: 'nodenext', moduleResolution: 'nodenext' },
]

const PROGRAM_TYPES = { name: 'programs', include: ['app.ts', 'testing.ts'], skipLibCheck: false }
/** With the declarations of vitest and fast-check, which need libraries that this project does not have. */
const TOOL_TYPES = { name: 'tools', include: ['testing-tools.ts'], skipLibCheck: true }

describe.each(['typescript-5.9', 'typescript', 'typescript-7'])('%s', (compiler) => {
  it.each([
    ...RESOLUTIONS.map((resolution) => ({ ...resolution, ...PROGRAM_TYPES })),
    { ...RESOLUTIONS[0]!, ...TOOL_TYPES },
  ])('resolves $name by $moduleResolution', ({ name, include, skipLibCheck, ...resolution }) => {
    const config = join(project, `tsconfig.${compiler}.${resolution.moduleResolution}.${name}.json`)
    const compilerOptions = {
      ...resolution,
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck,
      allowArbitraryExtensions: true,
    }
    writeFileSync(config, JSON.stringify({ compilerOptions, include }))
    const tsc = join(root, 'node_modules', compiler, 'bin', 'tsc')
    const result = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' })
    expect(result.stdout + result.stderr).toBe('')
    expect(result.status).toBe(0)
  })
})
