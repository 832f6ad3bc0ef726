/** `npm run c -- compile x.bpf.lisp`: the command line from the sources' current build. */
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, root, run } from './lib/ensure.mjs'

ensureInstalled()
ensureBuilt()
run(process.execPath, [join(root, 'packages/unplugin-bpf/bin/unplugin-bpf.mjs'), ...process.argv.slice(2)])
