/**
 * The modules that a `.bpf.ts` file imports by relative paths, each transformed into a file whose name is a hash of its
 * text and of the texts of all modules it reaches: equal input, equal file, and Node's own module cache does the rest.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { Bag, CompileError, type SourceFile, type Span, sourceFile } from '@unplugin-bpf/core'
import { transformSync } from 'oxc-transform'
import { displayName, readSource } from '../compile-file.ts'
import { type ParsedSource, parseSource } from './parse.ts'
import { cacheFolder, isApi, isRelative, type OwnModules, ownModules, resolveRelative, toUrl } from './resolve.ts'
import { wrapModule } from './transform.ts'

/** Part of every cached file's name: what is cached changes with the transform. */
const TRANSFORM_VERSION = 3

export interface GraphModule {
  readonly path: string
  readonly file: SourceFile
  readonly source: ParsedSource
  /** Absolute paths by specifier. */
  readonly imports: ReadonlyMap<string, string>
  /** Part of this package: types are taken out, functions are not noted. */
  readonly own: boolean
}

export interface Graph {
  readonly entry: GraphModule
  readonly modules: ReadonlyMap<string, GraphModule>
  /** Path of the transformed module. */
  readonly outputs: ReadonlyMap<string, string>
  readonly own: OwnModules
}

/** Reads, parses and writes what is not cached. `entry`: a path, or part of a module that is the entry itself. @throws CompileError; `onFile` is called for every file of the user. */
export function buildGraph(entry: string | GraphModule, onFile: (path: string) => void): Graph {
  const path = typeof entry === 'string' ? entry : entry.path
  const own = ownModules()
  const modules = new Map<string, GraphModule>()
  const visit = (at: string, isOwn: boolean, importedAt?: Span): void => {
    if (modules.has(at)) return
    if (!isOwn) onFile(at)
    const given = typeof entry !== 'string' && at === path ? entry : undefined
    const module = given ?? readModule(at, isOwn, importedAt)
    modules.set(at, module)
    for (const target of module.imports.values()) visit(target, isOwn || isOwnModule(own, target))
  }
  visit(path, false)
  if (own.areSources) for (const entry of [own.dsl, own.evaluate]) visit(entry, true)
  pruneCache(cacheFolder(path))
  const outputs = outputsOf(modules, path, own)
  const graph: Graph = { entry: modules.get(path)!, modules, outputs, own }
  for (const module of modules.values()) writeOutput(graph, module)
  return graph
}

function isOwnModule(own: OwnModules, path: string): boolean {
  return path === own.dsl || path === own.evaluate
}

/** By path; parsed again only when the file has changed. */
const parsed = new Map<string, { readonly stamp: string; readonly module: GraphModule }>()

function readModule(path: string, own: boolean, importedAt: Span | undefined): GraphModule {
  const stats = statSync(path, { throwIfNoEntry: false })
  const name = displayName(path)
  const stamp = `${stats?.mtimeMs} ${stats?.size} ${stats?.ino} ${name}`
  const known = parsed.get(path)
  if (known?.stamp === stamp && resolved(known.module)) return known.module
  const text = importedAt === undefined ? readSource(path) : readFileSync(path, 'utf8')
  const file = sourceFile(name, path.endsWith('.json') ? `export default ${text}` : text)
  const source = parseSource(file)
  const module = { path, file, source, own, imports: resolveImports(path, file, source) }
  parsed.set(path, { stamp, module })
  return module
}

/** The imported files are still where they were. */
function resolved(module: GraphModule): boolean {
  return [...module.imports.values()].every((path) => existsSync(path))
}

export function resolveImports(path: string, file: SourceFile, source: ParsedSource): ReadonlyMap<string, string> {
  const imports = new Map<string, string>()
  const bag = new Bag()
  for (const { specifier, start, end } of source.imports) {
    if (!isRelative(specifier)) continue
    const target = resolveRelative(specifier, path)
    if (target === undefined) {
      bag.error('missing-file', { file, start, end }, `there is no module ${JSON.stringify(specifier)}`, {
        hint: 'imports of a .bpf.ts file are relative paths or packages; aliases of the bundler are not known here',
      })
    } else imports.set(specifier, target)
  }
  if (bag.hasErrors) throw new CompileError(bag.diagnostics)
  return imports
}

/** `<folder>/<hash>.mjs` of every module; modules that import each other have equal reach and so depend on each other's texts. */
function outputsOf(
  modules: ReadonlyMap<string, GraphModule>,
  entry: string,
  own: OwnModules,
): ReadonlyMap<string, string> {
  const folder = cacheFolder(entry)
  const outputs = new Map<string, string>()
  for (const module of modules.values()) {
    const hash = createHash('sha256').update(`${TRANSFORM_VERSION}\n${module.path}\n`)
    const reached = reach(modules, module)
    // The authoring API is no relative import, and has a name of its own only when it is built.
    if (own.areSources && !module.own)
      for (const api of [own.dsl, own.evaluate]) reach(modules, modules.get(api)!, reached)
    for (const path of [...reached].sort()) {
      const { file, own, source } = modules.get(path)!
      const { text, insertions = [] } = source
      hash.update(`${path}\n${file.name}\n${own}\n${JSON.stringify(insertions)}\n${text.length}\n`).update(text)
    }
    outputs.set(module.path, join(folder, `${hash.digest('hex').slice(0, 32)}.mjs`))
  }
  return outputs
}

function reach(modules: ReadonlyMap<string, GraphModule>, from: GraphModule, seen = new Set<string>()): Set<string> {
  if (seen.has(from.path)) return seen
  seen.add(from.path)
  for (const path of from.imports.values()) reach(modules, modules.get(path)!, seen)
  return seen
}

const UNUSED_DAYS = 7
const pruned = new Set<string>()

/** Once per process: modules of versions that are long gone. What is still used is written again. */
function pruneCache(folder: string): void {
  if (pruned.has(folder) || !existsSync(folder)) return
  pruned.add(folder)
  const oldest = Date.now() - UNUSED_DAYS * 24 * 3600 * 1000
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    const stats = statSync(file, { throwIfNoEntry: false })
    if (stats && stats.mtimeMs < oldest) rmSync(file, { force: true })
  }
}

function writeOutput(graph: Graph, module: GraphModule): void {
  const output = graph.outputs.get(module.path)!
  if (existsSync(output)) return
  mkdirSync(join(output, '..'), { recursive: true })
  const { code } = transformModule(graph, module)
  // Another process may write the same file: each its own, then renamed.
  const temporary = `${output}.${process.pid}.tmp`
  writeFileSync(temporary, code)
  renameSync(temporary, output)
}

export interface Transformed {
  readonly code: string
  /** From the wrapped text to the code, and from the source to the wrapped text. */
  readonly maps: readonly [types: object, wrapped: object]
}

/** Also for the positions of errors: what is cached has no source map. */
export function transformModule(graph: Graph, module: GraphModule): Transformed {
  const urls = ownUrls(graph)
  const wrapped = wrapModule({
    source: module.source,
    name: module.file.name,
    url: toUrl(module.path),
    isApi,
    runtime: module.own || module.path.endsWith('.json') ? undefined : urls,
    target(specifier) {
      if (isApi(specifier)) return urls.dsl
      const path = module.imports.get(specifier)
      return path === undefined ? undefined : toUrl(graph.outputs.get(path)!)
    },
  })
  const name = module.path
    .split(sep)
    .at(-1)!
    .replace(/\.json$/, '.js')
  const result = transformSync(name, wrapped.toString(), { sourcemap: true, sourceType: 'module' })
  const problem = result.errors.find((error) => error.severity === 'Error')
  if (problem) {
    const bag = new Bag()
    bag.error('bad-syntax', { file: module.file, start: 0, end: 0 }, problem.message)
    throw new CompileError(bag.diagnostics)
  }
  return { code: result.code, maps: [result.map ?? {}, wrapped.generateMap({ hires: 'boundary' })] }
}

/** URLs of the authoring API and of `noteFunction`, as modules import them. */
export function ownUrls({ own, outputs }: Pick<Graph, 'own' | 'outputs'>): { dsl: string; evaluate: string } {
  const url = (path: string): string => toUrl(own.areSources ? outputs.get(path)! : path)
  return { dsl: url(own.dsl), evaluate: url(own.evaluate) }
}
