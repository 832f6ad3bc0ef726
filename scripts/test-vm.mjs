/**
 * `npm run test:vm`: prepares the small VM (apt, as root) and runs the tests that need other kernels than this one.
 * With `--if-possible`, a VM that cannot be had is said and no failure.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, root, run } from './lib/ensure.mjs'

const optional = process.argv.includes('--if-possible')
const rest = process.argv.slice(2).filter((argument) => argument !== '--if-possible')

ensureInstalled()
ensureBuilt()
const setup = spawnSync(join(root, 'test', 'vm', 'rig', 'setup.sh'), [], { cwd: root, stdio: 'inherit' })
if (setup.status !== 0) {
  const why = setup.error?.message ?? `setup.sh ended with ${setup.status ?? setup.signal}`
  console.log(`small VM skipped: it cannot be prepared here (${why})`)
  process.exit(optional ? 0 : 1)
}
process.env.UNPLUGIN_BPF_TEST_VM = '1'
run(join(root, 'node_modules', '.bin', 'vitest'), ['run', 'test/vm', ...rest])
