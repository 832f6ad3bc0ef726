/** `npm run bench [-- --json]`: slots and compile times of the benchmark programs against clang. */
import { join } from 'node:path'
import { ensureInstalled, root, run } from './lib/ensure.mjs'

ensureInstalled()
run(join(root, 'node_modules', '.bin', 'tsx'), [
  '--conditions=@unplugin-bpf/source',
  join(root, 'test/bench/bench.ts'),
  ...process.argv.slice(2),
])
