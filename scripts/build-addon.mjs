/**
 * Builds packages/loader/prebuilt/linux-{x64,arm64}.node from packages/loader/native/addon.c.
 *
 *   node scripts/build-addon.mjs           writes the prebuilt files
 *   node scripts/build-addon.mjs --check   builds into memory and compares bytes; exit code 1 on a difference
 *
 * The result depends on nothing but the source, the Node-API headers and the two pinned tools: no paths, no time stamps,
 * no build id. Only with these tools the bytes can be compared; any newer clang and lld build a working addon as well.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LOADER = join(ROOT, 'packages/loader')

/** Debian 12 and Ubuntu 22.04/24.04: apt install clang-14 lld-14 */
export const PINNED = { clang: 'clang-14', lld: 'ld.lld-14', version: '14.0.6' }

/** Node's name of an architecture -> target triple. */
export const TARGETS = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }

/** Undefined when both pinned tools are there, else what is missing. */
export function missingTools() {
  for (const tool of [PINNED.clang, PINNED.lld]) {
    try {
      const text = execFileSync(tool, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      if (!text.includes(PINNED.version)) return `${tool} is not version ${PINNED.version}`
    } catch {
      return `${tool} is not installed`
    }
  }
  return undefined
}

export function prebuiltPath(arch) {
  return join(LOADER, 'prebuilt', `linux-${arch}.node`)
}

/** Bytes of the addon for one architecture. */
export function buildAddon(arch) {
  const directory = mkdtempSync(join(tmpdir(), 'addon-'))
  const output = join(directory, 'addon.node')
  const lld = execFileSync('sh', ['-c', `command -v ${PINNED.lld}`], { encoding: 'utf8' }).trim()
  const flags = [
    `--target=${TARGETS[arch]}`,
    ...['-std=c11', '-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror'],
    // Nothing of the C library, and nothing that would call into it.
    ...['-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fvisibility=hidden'],
    // Nothing that differs from machine to machine.
    ...['-fno-ident', '-Wl,--build-id=none', '-Wl,-s'],
    `--ld-path=${lld}`,
    ...['-I', 'node_modules/node-api-headers/include'],
  ]
  try {
    execFileSync(PINNED.clang, [...flags, 'packages/loader/native/addon.c', '-o', output], {
      cwd: ROOT,
      stdio: 'inherit',
    })
    return readFileSync(output)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function main() {
  const missing = missingTools()
  if (missing !== undefined) throw new Error(`${missing}; apt install clang-14 lld-14`)
  const check = process.argv.includes('--check')
  for (const arch of Object.keys(TARGETS)) {
    const bytes = buildAddon(arch)
    const path = prebuiltPath(arch)
    if (!check) writeFileSync(path, bytes)
    else if (!bytes.equals(readFileSync(path))) {
      console.error(`${path} is not what the source builds; run node scripts/build-addon.mjs`)
      process.exitCode = 1
    }
    console.log(`${arch}: ${bytes.length} bytes${check ? ' compared' : ''}`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
