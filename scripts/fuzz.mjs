/** `npm run fuzz -- --count 20000 --seed 1`: random programs, VM against kernel, passes on against off. */
import { join } from 'node:path'
import { ensureInstalled, root, run } from './lib/ensure.mjs'

ensureInstalled()
run(join(root, 'node_modules', '.bin', 'tsx'), [
  '--conditions=@unplugin-bpf/source',
  join(root, 'test/fuzz/run.ts'),
  ...process.argv.slice(2),
])
