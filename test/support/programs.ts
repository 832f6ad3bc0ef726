/** The eight benchmark programs: our compilation of the `.bpf.lisp`, and clang's of the C baseline where clang is. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CompileResult, compileLisp } from '../../packages/core/src/compile.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import type { CompileOptions } from '../../packages/core/src/options.ts'

const bench = join(import.meta.dirname, '..', 'bench')

/** Compiles `test/bench/programs/<name>.bpf.lisp`. */
export function compileProgram(name: string, options: Partial<CompileOptions> = {}): CompileResult {
  const path = join(bench, 'programs', `${name}.bpf.lisp`)
  return compileLisp(sourceFile(`${name}.bpf.lisp`, readFileSync(path, 'utf8')), {}, options)
}

/** The clang versions that are installed, of those the figures are taken from. */
export function clangVersions(): string[] {
  return ['14', '16', '19'].filter((version) => spawnSync(`clang-${version}`, ['--version']).status === 0)
}

/** clang's object of `test/bench/c/<name>.bpf.c` at -O2 -mcpu=v3. */
export function compileBaseline(name: string, version: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'bpf-baseline-'))
  try {
    const output = join(folder, 'out.o')
    const source = join(bench, 'c', `${name}.bpf.c`)
    const args = [
      '-target',
      'bpf',
      '-mcpu=v3',
      '-O2',
      '-g',
      '-I/usr/include/x86_64-linux-gnu',
      '-I/usr/include/aarch64-linux-gnu',
    ]
    const result = spawnSync(`clang-${version}`, [...args, '-c', source, '-o', output], { encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`clang-${version} ${name}: ${result.stderr}`)
    return readFileSync(output)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
