/**
 * Loads CommonJS files together with V8's compiled form of them, which the run before left in `node_modules/.cache`:
 * parsing is half of the time of a short command. Any doubt about the cache (other Node, other file, no right to write)
 * means the usual loading; NODE_DISABLE_COMPILE_CACHE, Node's own switch, turns it off.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import vm from 'node:vm'
import { crc32 } from 'node:zlib'

/** Bytes at the start of a cache file that say what it was made from. */
const HEADER = 128

/**
 * A function that loads files of `folder` by path. They require each other by relative names; everything else is
 * Node's. `keep` writes what is not in the cache yet: called late, it holds the functions that were used, too.
 */
export function cachedLoader(folder, version) {
  const cache = process.env.NODE_DISABLE_COMPILE_CACHE ? undefined : cacheFolder(folder)
  const nodeRequire = createRequire(join(folder, 'main.cjs'))
  const modules = new Map()
  const fresh = []

  const load = (path) => {
    const known = modules.get(path)
    if (known) return known.exports
    const module = { exports: {} }
    modules.set(path, module)
    const entry = cache && cacheEntry(cache, path, version)
    const cachedData = entry && readEntry(entry)
    const script = new vm.Script(
      `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'utf8')}\n})`,
      { filename: path, cachedData, importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER },
    )
    if (entry && (!cachedData || script.cachedDataRejected)) fresh.push({ entry, script })
    const require = (id) => (id.startsWith('./') ? load(join(dirname(path), id)) : nodeRequire(id))
    script.runInThisContext()(module.exports, require, module, path, dirname(path))
    return module.exports
  }
  const keep = () => {
    const written = fresh.splice(0).filter(({ entry, script }) => writeEntry(entry, script.createCachedData()))
    return { written: written.length }
  }
  return { load, keep }
}

/** Of the project in which this package is installed. */
function cacheFolder(folder) {
  const modules = join(folder, 'node_modules')
  if (existsSync(modules)) return join(modules, '.cache', 'unplugin-bpf', `cli-${process.version}-${process.arch}`)
  return dirname(folder) === folder ? undefined : cacheFolder(dirname(folder))
}

/** V8 itself compares only its own version and the length of the source; files from npm all have one date. */
function cacheEntry(cache, path, version) {
  const { size, mtimeMs } = statSync(path)
  return { file: join(cache, `${basename(path)}.bin`), key: `${version} ${size} ${mtimeMs}` }
}

/** V8 believes what it reads: damage would crash, or worse. */
const header = (key, data) => Buffer.from(`${crc32(data)} ${key}`.padEnd(HEADER), 'latin1')

function readEntry({ file, key }) {
  try {
    const content = readFileSync(file)
    const data = content.subarray(HEADER)
    return content.subarray(0, HEADER).equals(header(key, data)) ? data : undefined
  } catch {
    return undefined
  }
}

/** There as a whole or not at all: several commands may run at once. */
function writeEntry({ file, key }, data) {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(temporary, Buffer.concat([header(key, data), data]))
    renameSync(temporary, file)
    return true
  } catch {
    // A read-only installation: every run parses.
    return false
  }
}
