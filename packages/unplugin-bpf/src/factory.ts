/**
 * The plugin, once for all bundlers. A `load` hook (not `transform`): it sees the untouched file everywhere, and no
 * other loader gets to misread Lisp as JavaScript.
 */
import { resolve } from 'node:path'
import { CompileError, renderDiagnostic } from '@unplugin-bpf/core'
import { createUnplugin, type UnpluginInstance } from 'unplugin'
import { type CompiledSource, compileSource, emitSource, type SourceOptions } from './compile-source.ts'
import { moduleMap } from './module-map.ts'
import type { Options } from './options.ts'
import { type BundlerError, toBundlerError } from './report.ts'
import { writeTypes } from './types-sync.ts'

/** No query part: vite's `?raw` and `?url` imports of a source stay vite's. */
const SOURCES = /\.bpf\.(lisp|ts)$/

/** Modules that may have programs inside; those of packages are compiled already. */
const MODULES = { include: /\.[cm]?[jt]sx?(\?|$)/, exclude: [/\.bpf\.ts(\?|$)/, /[\\/]node_modules[\\/]/] }
/** What esbuild sends here at all; its filters know no exceptions. */
const ESBUILD = { all: /\.(bpf\.lisp|[cm]?[jt]sx?)$/, sources: SOURCES }

export const unplugin: UnpluginInstance<Options | undefined, false> = createUnplugin<Options | undefined, false>(
  (options = {}) => ({
    name: 'unplugin-bpf',
    enforce: 'pre',
    load: {
      filter: { id: SOURCES },
      async handler(id: string) {
        let source: CompiledSource
        try {
          source = await compileSource(id, sourceOptions(options, this))
        } catch (error) {
          report(this, error, id)
          return ''
        }
        const { compiled } = source
        for (const file of compiled.module.files) this.addWatchFile(resolve(file.name))
        for (const warning of compiled.warnings) this.warn(renderDiagnostic(warning))
        // A `.bpf.ts` file is its own declaration.
        if (source.language === 'lisp' && options.types !== false) writeTypes(compiled)
        const code = emitSource(source)
        return { code, map: moduleMap(code, compiled.module.file, compiled.path) }
      },
    },
    ...(options.inline !== false && {
      transform: {
        filter: { id: MODULES, code: /unplugin-bpf(\/core)?\/dsl/ },
        async handler(code: string, id: string) {
          try {
            // The parser is a native module, which who has no program inside need not wait for.
            const { transformInline } = await import('./inline/transform.ts')
            const path = id.replace(/\?.*$/, '')
            const result = await transformInline(code, path, sourceOptions(options, this))
            if (!result) return undefined
            for (const file of result.files) this.addWatchFile(resolve(file))
            for (const warning of result.warnings) this.warn(renderDiagnostic(warning))
            return { code: result.code, map: result.map }
          } catch (error) {
            report(this, error, id)
            return undefined
          }
        },
      },
    }),
    esbuild: {
      loader: (_code: string, id: string) => loaderOf(id),
      onLoadFilter: options.inline === false ? ESBUILD.sources : ESBUILD.all,
    },
  }),
)

interface Context {
  addWatchFile(file: string): void
  error(error: BundlerError): void
}

function sourceOptions({ cpu, btf, timeLimit, ...rest }: Options, context: Context): SourceOptions {
  const exactLines = rest.exactLines ?? process.env.VITEST !== undefined
  return { ...(cpu && { cpu }), exactLines, btf, timeLimit, onFile: (file) => context.addWatchFile(file) }
}

/** esbuild's `this.error` returns instead of throwing, and only a result carries its errors on. */
function report(context: Context, error: unknown, id: string): void {
  if (error instanceof CompileError) for (const file of filesOf(error)) context.addWatchFile(file)
  context.error(toBundlerError(error, id))
}

/** Compiled programs are JavaScript; the modules around programs stay what they are. */
function loaderOf(id: string): 'js' | 'jsx' | 'ts' | 'tsx' {
  if (SOURCES.test(id)) return 'js'
  const [, typed, jsx] = /\.[cm]?(j|t)s(x?)$/.exec(id) ?? []
  return `${typed === 't' ? 't' : 'j'}s${jsx ? 'x' : ''}`
}

/** Files that the errors point into, so that mending an included file rebuilds too. */
function filesOf(error: CompileError): string[] {
  const names = error.diagnostics.flatMap((d) => (d.span ? [d.span.file.name] : []))
  return [...new Set(names)].map((name) => resolve(name))
}
