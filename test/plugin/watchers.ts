/** How each bundler watches one entry file with the plugin: the table that the tests of watch mode run over. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export interface Watch {
  /** Absolute path of the entry. */
  readonly entry: string
  readonly outDir: string
  /** Called after every build. */
  readonly onBuild: (error: Error | undefined) => void
}

export interface Watcher {
  readonly name: string
  /** Starts watching; gives the output file and what ends it. */
  readonly start: (options: Watch) => Promise<{ readonly file: string; readonly close: () => Promise<void> }>
}

const EXTERNAL = /^(unplugin-bpf|@unplugin-bpf)(\/|$)/
const require = createRequire(import.meta.url)

/** Watchers with rollup's events. */
interface RollupWatcher {
  on(event: 'event', listener: (event: { code: string; error?: unknown }) => void): unknown
  close(): Promise<void> | void
}

function follow(watcher: RollupWatcher, onBuild: Watch['onBuild']): () => Promise<void> {
  watcher.on('event', ({ code, error }) => {
    if (code === 'END') onBuild(undefined)
    if (code === 'ERROR') onBuild(error as Error)
  })
  return async () => watcher.close()
}

export const WATCHERS: readonly Watcher[] = [
  {
    name: 'vite',
    async start({ entry, outDir, onBuild }) {
      const { build } = await import('vite')
      const { default: bpf } = await import('unplugin-bpf/vite')
      const watcher = await build({
        configFile: false,
        logLevel: 'silent',
        plugins: [bpf()],
        build: { ssr: entry, outDir, watch: {}, rollupOptions: { external: EXTERNAL } },
      })
      // With `watch` it is a watcher.
      return { file: join(outDir, 'main.js'), close: follow(watcher as unknown as RollupWatcher, onBuild) }
    },
  },
  {
    name: 'rollup',
    async start({ entry, outDir, onBuild }) {
      const { watch } = await import('rollup')
      const { default: bpf } = await import('unplugin-bpf/rollup')
      const file = join(outDir, 'main.mjs')
      const watcher = watch({
        input: entry,
        external: EXTERNAL,
        plugins: [bpf()],
        output: { file, format: 'esm' },
        watch: { chokidar: { usePolling: true, interval: 50 } },
      })
      return { file, close: follow(watcher as RollupWatcher, onBuild) }
    },
  },
  {
    name: 'rolldown',
    async start({ entry, outDir, onBuild }) {
      const { watch } = await import('rolldown')
      const { default: bpf } = await import('unplugin-bpf/rolldown')
      const file = join(outDir, 'main.mjs')
      const watcher = watch({
        input: entry,
        external: EXTERNAL,
        plugins: [bpf()],
        platform: 'node',
        output: { file, format: 'esm' },
      })
      return { file, close: follow(watcher as RollupWatcher, onBuild) }
    },
  },
  {
    name: 'esbuild',
    async start({ entry, outDir, onBuild }) {
      const { context } = await import('esbuild')
      const { default: bpf } = await import('unplugin-bpf/esbuild')
      const file = join(outDir, 'main.mjs')
      const ends = {
        name: 'ends',
        setup: (build: { onEnd(callback: (result: { errors: readonly { text: string }[] }) => void): void }) =>
          build.onEnd(({ errors: [first] }) => onBuild(first && new Error(first.text))),
      }
      const watching = await context({
        entryPoints: [entry],
        outfile: file,
        bundle: true,
        format: 'esm',
        platform: 'node',
        logLevel: 'silent',
        external: ['unplugin-bpf/*', '@unplugin-bpf/*'],
        plugins: [bpf(), ends],
      })
      await watching.watch()
      return { file, close: () => watching.dispose() }
    },
  },
  {
    name: 'webpack',
    async start(options) {
      const { default: bpf } = await import('unplugin-bpf/webpack')
      return watchWithWebpack(require('webpack'), bpf(), options)
    },
  },
  {
    name: 'rspack',
    async start(options) {
      const { default: bpf } = await import('unplugin-bpf/rspack')
      return watchWithWebpack(require('@rspack/core').rspack, bpf(), options)
    },
  },
]

interface Stats {
  hasErrors(): boolean
  toString(options: object): string
}
type Webpack = (config: object) => {
  watch(options: object, done: (error: Error | null, stats?: Stats) => void): { close(done: () => void): void }
}

function watchWithWebpack(webpack: Webpack, plugin: object, { entry, outDir, onBuild }: Watch) {
  const compiler = webpack({
    mode: 'development',
    devtool: false,
    target: 'node20',
    context: dirname(entry),
    entry,
    experiments: { outputModule: true },
    externals: [/^unplugin-bpf\//],
    externalsType: 'module',
    output: { path: outDir, filename: 'main.mjs', module: true, library: { type: 'module' } },
    plugins: [plugin],
  })
  const watching = compiler.watch({ aggregateTimeout: 50, poll: 100 }, (error, stats) => {
    const failed = stats?.hasErrors() ? new Error(stats.toString({ all: false, errors: true })) : undefined
    onBuild(error ?? failed)
  })
  const close = () => new Promise<void>((done) => watching.close(done))
  return { file: join(outDir, 'main.mjs'), close }
}
