/** `npm run bench [-- slots | speed | start | vm | passes | loader] [-- --json]`: programs against clang, and how fast the compiler is. */
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, root, run } from './lib/ensure.mjs'

ensureInstalled()
ensureBuilt()
run(join(root, 'node_modules', '.bin', 'tsx'), [
  '--conditions=@unplugin-bpf/source',
  join(root, 'test/bench/bench.ts'),
  ...process.argv.slice(2),
])
