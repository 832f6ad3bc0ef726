/** How each bundler builds one entry file with the plugin: the table that the bundler tests run over. */
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

export interface Build {
  /** Absolute path of the entry. */
  readonly entry: string
  /** Folder for the output; made when missing. */
  readonly outDir: string
  /** Writes declaration files beside the sources when true. */
  readonly types: boolean
}

export interface Bundler {
  readonly name: string
  /** Resolves to the built file. Rejects with the bundler's own message. */
  readonly build: (options: Build) => Promise<string>
}

/** Stays an import in the output, as a Node application would have it. */
const EXTERNAL = /^(unplugin-bpf|@unplugin-bpf)(\/|$)/
const require = createRequire(import.meta.url)

export const BUNDLERS: readonly Bundler[] = [
  {
    name: 'vite',
    async build({ entry, outDir, types }) {
      const { build } = await import('vite')
      const { default: bpf } = await import('unplugin-bpf/vite')
      await build({
        configFile: false,
        logLevel: 'silent',
        plugins: [bpf({ types })],
        build: { ssr: entry, outDir, emptyOutDir: true, rollupOptions: { external: EXTERNAL } },
      })
      return join(outDir, 'main.js')
    },
  },
  {
    name: 'rollup',
    async build({ entry, outDir, types }) {
      const { rollup } = await import('rollup')
      const { default: bpf } = await import('unplugin-bpf/rollup')
      const bundle = await rollup({ input: entry, external: EXTERNAL, plugins: [bpf({ types })] })
      await bundle.write({ dir: outDir, format: 'esm', entryFileNames: 'main.mjs', sourcemap: true })
      await bundle.close()
      return join(outDir, 'main.mjs')
    },
  },
  {
    name: 'rolldown',
    async build({ entry, outDir, types }) {
      const { rolldown } = await import('rolldown')
      const { default: bpf } = await import('unplugin-bpf/rolldown')
      const bundle = await rolldown({ input: entry, external: EXTERNAL, plugins: [bpf({ types })], platform: 'node' })
      await bundle.write({ dir: outDir, format: 'esm', entryFileNames: 'main.mjs', sourcemap: true })
      await bundle.close()
      return join(outDir, 'main.mjs')
    },
  },
  {
    name: 'esbuild',
    async build({ entry, outDir, types }) {
      const { build } = await import('esbuild')
      const { default: bpf } = await import('unplugin-bpf/esbuild')
      const outfile = join(outDir, 'main.mjs')
      await build({
        entryPoints: [entry],
        outfile,
        bundle: true,
        format: 'esm',
        platform: 'node',
        sourcemap: true,
        logLevel: 'silent',
        external: ['unplugin-bpf/*', '@unplugin-bpf/*'],
        plugins: [bpf({ types })],
      })
      return outfile
    },
  },
  {
    name: 'webpack',
    async build(options) {
      const { default: bpf } = await import('unplugin-bpf/webpack')
      return buildWithWebpack(require('webpack'), bpf({ types: options.types }), options)
    },
  },
  {
    name: 'rspack',
    async build(options) {
      const { default: bpf } = await import('unplugin-bpf/rspack')
      return buildWithWebpack(require('@rspack/core').rspack, bpf({ types: options.types }), options)
    },
  },
]

interface Stats {
  hasErrors(): boolean
  toString(options: object): string
}
interface Compiler {
  close(done: () => void): void
}
type Webpack = (config: object, done: (error: Error | null, stats: Stats) => void) => Compiler

function buildWithWebpack(webpack: Webpack, plugin: object, { entry, outDir }: Build): Promise<string> {
  mkdirSync(outDir, { recursive: true })
  const config = {
    mode: 'production',
    target: 'node20',
    context: join(entry, '..'),
    entry,
    devtool: 'source-map',
    experiments: { outputModule: true },
    externals: [{ 'unplugin-bpf/runtime': 'module unplugin-bpf/runtime' }],
    output: { path: outDir, filename: 'main.mjs', module: true, library: { type: 'module' } },
    plugins: [plugin],
  }
  return new Promise((resolve, reject) => {
    const compiler = webpack(config, (error, stats) => {
      compiler.close(() => {
        if (error) reject(error)
        else if (stats.hasErrors()) reject(new Error(stats.toString({ all: false, errors: true, colors: false })))
        else resolve(join(outDir, 'main.mjs'))
      })
    })
  })
}
