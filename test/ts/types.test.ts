/**
 * The example of the guide and an application that imports it, with no generated file: checked by three TypeScript
 * versions, and its declarations must be nameable (a library may publish a `.bpf.ts`).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const here = import.meta.dirname
const root = join(here, '..', '..')

function tsc(compiler: string, ...args: readonly string[]): string {
  const bin = join(root, 'node_modules', compiler, 'bin', 'tsc')
  const result = spawnSync(process.execPath, [bin, '-p', join(here, 'types'), ...args], { encoding: 'utf8' })
  return result.stdout + result.stderr
}

describe.each(['typescript-5.9', 'typescript', 'typescript-7'])('%s', (compiler) => {
  it('types both sides', () => expect(tsc(compiler)).toBe(''))

  it('emits declarations that name only public entries', () => {
    const out = mkdtempSync(join(tmpdir(), 'bpf-ts-'))
    try {
      expect(tsc(compiler, '--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', out)).toBe('')
      const text = readFileSync(join(out, 'filter.bpf.d.ts'), 'utf8')
      expect(text).toContain('readonly dropBlocked')
      expect(text).not.toContain('core/src')
    } finally {
      rmSync(out, { recursive: true, force: true })
    }
  })
})
