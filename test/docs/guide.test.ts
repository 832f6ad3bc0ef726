/**
 * The examples of the guide: every ```lisp block is a whole program, compiled, loaded into the VM and the kernel, and
 * run where its comments say what comes out; so is every ```ts block that exports an object. Every ```ts block is at
 * least TypeScript. Links lead somewhere.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { globSync } from 'tinyglobby'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { compileLisp } from '../../packages/core/src/compile.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import type { BpfObject } from '../../packages/core/src/object/object.ts'
import type { ObjectBackend } from '../../packages/core/src/runtime/backend.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { compileBpfTs } from '../../packages/unplugin-bpf/src/compile-ts.ts'
import { kernelData } from '../../packages/unplugin-bpf/src/kernel-data.ts'
import { readDirectives } from '../runner/directives.ts'
import { expectRun } from '../runner/expect.ts'

const root = join(import.meta.dirname, '../..')
const pages = globSync(['docs/**/*.md', 'README.md'], { cwd: root, absolute: true }).sort()
const kernel = kernelUsable()

interface Block {
  readonly language: string
  readonly line: number
  readonly text: string
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1]!,
    line: text.slice(0, match.index).split('\n').length + 1,
    text: match[2]!,
  }))
}

for (const page of pages) {
  const text = readFileSync(page, 'utf8')
  const name = relative(root, page)
  const blocks = blocksOf(text)
  describe(name, () => {
    for (const block of blocks.filter(({ language }) => language === 'lisp')) lispExample(name, block)
    for (const block of blocks.filter(isProgram)) typeScriptExample(name, block)
    for (const { line, text: code } of blocks.filter(({ language }) => language === 'ts')) {
      it(`line ${line} is TypeScript`, () => {
        const { diagnostics } = ts.transpileModule(code, {
          reportDiagnostics: true,
          compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
        })
        expect(diagnostics?.map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'))).toEqual([])
      })
    }
    it('links lead to files', () => {
      const prose = text.replace(/^```[\s\S]*?^```$/gm, '')
      const targets = [...prose.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!)
      const local = targets.filter((target) => !/^[a-z]+:/.test(target))
      expect(local.filter((target) => !existsSync(join(dirname(page), target)))).toEqual([])
    })
  })
}

/** A whole `.bpf.ts` file. */
const isProgram = ({ language, text }: Block): boolean => language === 'ts' && /^export default object\(/m.test(text)

function lispExample(page: string, { line, text }: Block): void {
  const compile = async () => compileLisp(sourceFile(`${page}:${line}`, text), kernelData(undefined)).object
  example(line, text, compile)
}

/** As the Lisp ones, with the other comment sign. */
function typeScriptExample(page: string, { line, text }: Block): void {
  const path = join(import.meta.dirname, '.output', `${page.replaceAll('/', '-')}-${line}.bpf.ts`)
  const compile = async () => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return (await compileBpfTs(path)).object
  }
  example(line, text.replace(/^\/\/ (?=(run|map|ring) )/gm, ';; '), compile)
}

afterAll(() => rmSync(join(import.meta.dirname, '.output'), { recursive: true, force: true }))

function example(line: number, text: string, compile: () => Promise<BpfObject>): void {
  const directives = readDirectives(text)
  const body = (backend: ObjectBackend) => {
    if (directives.runs.length > 0) expectRun(backend, directives)
    else backend.close()
  }
  it(`line ${line}: VM`, async () => body(createVm(await compile())))
  it.skipIf(!kernel.ok)(`line ${line}: kernel${kernel.ok ? '' : ` (skipped: ${kernel.reason})`}`, async () =>
    body(loadKernelObject(await compile())),
  )
}
