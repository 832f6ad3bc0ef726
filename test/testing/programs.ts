/** Modules of the benchmark and playground programs, as a bundler gives them, with the types that tests use. */
import { join } from 'node:path'
import type { BpfModule } from '../../packages/core/src/runtime/types.ts'
import { importProgram } from '../ts/import-program.ts'

const root = join(import.meta.dirname, '..', '..')

export async function programModule<M extends BpfModule>(path: string): Promise<M> {
  const { default: module } = await importProgram<{ default: M }>(join(root, path), { exactLines: true })
  return module
}
