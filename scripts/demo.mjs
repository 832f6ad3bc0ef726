/**
 * `npm run demo`: the first command that works after a clone. Builds the playground with vite and runs it: in the kernel
 * inside a nameless network namespace of its own, or in the VM when that is not possible here (and says why).
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt, ensureInstalled, root, run } from './lib/ensure.mjs'

ensureInstalled()
ensureBuilt()
const playground = join(root, 'playground')
console.log('building playground ...')
run(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'], { cwd: playground })

const script = join(playground, 'dist', 'main.js')
const obstacle = await kernelObstacle()
if (obstacle === undefined) {
  run('unshare', ['--net', process.execPath, script, '--kernel'])
} else {
  console.log(`no kernel run here: ${obstacle}\nrunning the same programs in the VM instead\n`)
  run(process.execPath, [script, '--vm'])
}

/** Why the programs cannot be attached to real interfaces here; undefined when they can. */
async function kernelObstacle() {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Linux`
  const { kernelUsable } = await import(pathToFileURL(join(root, 'packages/loader/dist/index.mjs')).href)
  const usable = kernelUsable()
  if (!usable.ok) return usable.reason
  const probe = spawnSync('unshare', ['--net', 'ip', 'link', 'show', 'lo'], { encoding: 'utf8' })
  if (probe.error) return 'the command unshare (util-linux) is missing'
  if (probe.status !== 0) return `no network namespace: ${probe.stderr.trim()}`
  return undefined
}
