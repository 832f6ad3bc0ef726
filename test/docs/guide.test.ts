/**
 * The examples of the guide: every ```lisp block is a whole program, compiled, loaded into the VM and the kernel, and
 * run where its comments say what comes out. Every ```ts block is at least TypeScript. Links lead somewhere.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { globSync } from 'tinyglobby'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { compileLisp } from '../../packages/core/src/compile.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
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

function lispExample(page: string, { line, text }: Block): void {
  const compile = () => compileLisp(sourceFile(`${page}:${line}`, text), kernelData(undefined)).object
  const directives = readDirectives(text)
  const body = (load: () => ReturnType<typeof createVm> | ReturnType<typeof loadKernelObject>) => {
    const backend = load()
    if (directives.runs.length > 0) expectRun(backend, directives)
    else backend.close()
  }
  it(`line ${line}: VM`, () => body(() => createVm(compile())))
  it.skipIf(!kernel.ok)(`line ${line}: kernel${kernel.ok ? '' : ` (skipped: ${kernel.reason})`}`, () =>
    body(() => loadKernelObject(compile())),
  )
}
