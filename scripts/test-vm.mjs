/** `npm run test:vm`: prepares the small VM (apt, as root) and runs the tests that need other kernels than this one. */
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, root, run } from './lib/ensure.mjs'

ensureInstalled()
ensureBuilt()
run(join(root, 'test', 'vm', 'rig', 'setup.sh'), [])
process.env.UNPLUGIN_BPF_TEST_VM = '1'
run(join(root, 'node_modules', '.bin', 'vitest'), ['run', 'test/vm', ...process.argv.slice(2)])
