/**
 * `npm test`: the first command that works after a clone. Installs and builds what is missing, writes the playground's
 * declarations, then runs types, lint, the import-direction check and every test. Arguments go to vitest (`npm test -- test/unit/lisp`).
 */
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, root, run } from './lib/ensure.mjs'

ensureInstalled()
ensureBuilt()
const bin = (name) => join(root, 'node_modules', '.bin', name)
const filters = process.argv.slice(2)
if (filters.length === 0) {
  console.log('types ...')
  run(process.execPath, [join(root, 'packages/unplugin-bpf/bin/unplugin-bpf.mjs'), 'sync', 'playground'])
  run(bin('tsc'), ['--noEmit', '-p', 'tsconfig.json'])
  run(bin('tsc'), ['--noEmit', '-p', 'playground'])
  console.log('lint and format ...')
  run(bin('biome'), ['check', '--diagnostic-level=error', '.'])
  console.log('import directions and cycles ...')
  run(bin('depcruise'), ['packages', '--config', '.dependency-cruiser.cjs', '--output-type', 'err'])
}
run(bin('vitest'), ['run', ...filters])
