/** Where the imports of a `.bpf.ts` graph lead, and where this package's own modules are. */
import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const API = /^(unplugin-bpf|@unplugin-bpf\/core)\/dsl$/

/** The authoring API is always our own copy, so that evaluation needs no installed package. */
export function isApi(specifier: string): boolean {
  return API.test(specifier)
}

export function isRelative(specifier: string): boolean {
  return /^(\.{1,2}(\/|$)|\/|file:)/.test(specifier)
}

/** Extensions as TypeScript resolves them: `./x` and `./x.js` may both mean `./x.ts`. */
const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.json', '/index.ts', '/index.js']
const TYPESCRIPT_OF: Readonly<Record<string, string>> = { '.js': '.ts', '.mjs': '.mts', '.cjs': '.cts' }

/** The file that a relative import names; undefined when there is none. */
export function resolveRelative(specifier: string, from: string): string | undefined {
  const path = specifier.startsWith('file:') ? fileURLToPath(specifier) : resolve(dirname(from), specifier)
  if (isFile(path)) return path
  const swapped = path.replace(/\.[cm]?js$/, (extension) => TYPESCRIPT_OF[extension] ?? extension)
  return [swapped, ...EXTENSIONS.map((extension) => path + extension)].find(isFile)
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

export interface OwnModules {
  /** Paths of the modules with the authoring API and with `noteFunction` and `snapshotModule`. */
  readonly dsl: string
  readonly evaluate: string
  /** They are TypeScript: this package runs from its sources. */
  readonly areSources: boolean
}

export function ownModules(): OwnModules {
  const here = fileURLToPath(import.meta.url)
  if (here.endsWith('.ts')) {
    const entries = join(dirname(here), '..', '..', '..', 'core', 'src', 'entry')
    return { dsl: join(entries, 'dsl.ts'), evaluate: join(entries, 'evaluate.ts'), areSources: true }
  }
  const installed = createRequire(import.meta.url)
  const find = (name: string): string => installed.resolve(`@unplugin-bpf/core/${name}`)
  return { dsl: find('dsl'), evaluate: find('evaluate'), areSources: false }
}

/**
 * `node_modules/.cache/unplugin-bpf` of the project that a file belongs to: packages that a module imports by name are
 * found from there as from the module itself.
 */
export function cacheFolder(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules'))) return join(folder, 'node_modules', '.cache', 'unplugin-bpf')
    if (folder === dirname(folder)) return join(dirname(file), 'node_modules', '.cache', 'unplugin-bpf')
  }
}

export const toUrl = (path: string): string => pathToFileURL(path).href
