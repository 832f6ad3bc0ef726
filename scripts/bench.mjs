/** `npm run bench [-- passes | start] [-- --json]`: slots and compile times of the benchmark programs against clang. */
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, root, run } from './lib/ensure.mjs'

ensureInstalled()
if (process.argv.includes('start')) ensureBuilt()
run(join(root, 'node_modules', '.bin', 'tsx'), [
  '--conditions=@unplugin-bpf/source',
  join(root, 'test/bench/bench.ts'),
  ...process.argv.slice(2),
])
