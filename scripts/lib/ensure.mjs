/**
 * Makes a fresh clone usable: installs what package-lock.json names and builds the packages, each only when missing or
 * out of date. Plain Node, since nothing is installed yet when it runs.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const stamps = join(root, 'node_modules', '.cache', 'unplugin-bpf')

/** Runs a command with the terminal as its output; ends this process when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (result.error) {
    console.error(`${command}: ${result.error.message}`)
    process.exit(1)
  }
  if (result.status !== 0) process.exit(result.status ?? 1)
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return
  console.error(`Node ${process.versions.node} is too old: this project needs ^20.19.0 or >=22.12.0`)
  process.exit(1)
}

export function ensureInstalled() {
  checkNode()
  const hash = hashFiles([join(root, 'package-lock.json')])
  if (readStamp('install') === hash && existsSync(join(root, 'node_modules', 'vitest'))) return
  console.log('installing npm packages ...')
  run(process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  writeStamp('install', hash)
}

const PACKAGES = ['core', 'loader', 'unplugin-bpf']

export function ensureBuilt() {
  const inputs = PACKAGES.flatMap((name) => [
    ...filesUnder(join(root, 'packages', name, 'src')),
    join(root, 'packages', name, 'package.json'),
    join(root, 'packages', name, 'tsdown.config.ts'),
  ])
  const hash = hashFiles(inputs)
  const built = PACKAGES.every((name) => existsSync(join(root, 'packages', name, 'dist', 'index.mjs')))
  if (built && readStamp('build') === hash) return
  for (const name of PACKAGES) {
    console.log(`building packages/${name} ...`)
    const tsdown = join(root, 'node_modules', 'tsdown', 'dist', 'run.mjs')
    run(process.execPath, [tsdown, '--log-level', 'warn'], { cwd: join(root, 'packages', name) })
  }
  writeStamp('build', hash)
}

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)]))
    .sort()
}

function hashFiles(files) {
  const hash = createHash('sha256')
  for (const file of files) {
    hash.update(relative(root, file))
    hash.update(readFileSync(file))
  }
  return hash.digest('hex')
}

function readStamp(name) {
  const file = join(stamps, name)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

function writeStamp(name, hash) {
  mkdirSync(stamps, { recursive: true })
  writeFileSync(join(stamps, name), hash)
}
