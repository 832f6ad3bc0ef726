/**
 * The plugin, once for all bundlers. A `load` hook (not `transform`): it sees the untouched file everywhere, and no
 * other loader gets to misread Lisp as JavaScript.
 */
import { resolve } from 'node:path'
import { CompileError, renderDiagnostic } from '@unplugin-bpf/core'
import { createUnplugin, type UnpluginInstance } from 'unplugin'
import { type CompiledSource, compileSource, emitSource } from './compile-source.ts'
import type { Options } from './options.ts'
import { toBundlerError } from './report.ts'
import { writeTypes } from './types-sync.ts'

/** No query part: vite's `?raw` and `?url` imports of a source stay vite's. */
const SOURCES = /\.bpf\.(lisp|ts)$/
/** Webpack refuses a map without these members; the generated module has no positions worth mapping. */
const NO_MAP = { version: 3 as const, sources: [], names: [], mappings: '' }

export const unplugin: UnpluginInstance<Options | undefined, false> = createUnplugin<Options | undefined, false>(
  (options = {}) => ({
    name: 'unplugin-bpf',
    enforce: 'pre',
    load: {
      filter: { id: SOURCES },
      async handler(id: string) {
        let source: CompiledSource
        try {
          const onFile = (file: string): void => this.addWatchFile(file)
          const { cpu, btf, timeLimit } = options
          source = await compileSource(id, { ...(cpu && { cpu }), btf, timeLimit, onFile })
        } catch (error) {
          if (error instanceof CompileError) for (const file of filesOf(error)) this.addWatchFile(file)
          // esbuild's `this.error` returns instead of throwing, and only a result carries its errors on.
          this.error(toBundlerError(error, id))
          return ''
        }
        const { compiled } = source
        for (const file of compiled.module.files) this.addWatchFile(resolve(file.name))
        for (const warning of compiled.warnings) this.warn(renderDiagnostic(warning))
        // A `.bpf.ts` file is its own declaration.
        if (source.language === 'lisp' && options.types !== false) writeTypes(compiled)
        return { code: emitSource(source), map: NO_MAP }
      },
    },
    esbuild: { loader: 'js', onLoadFilter: SOURCES },
  }),
)

/** Files that the errors point into, so that mending an included file rebuilds too. */
function filesOf(error: CompileError): string[] {
  const names = error.diagnostics.flatMap((d) => (d.span ? [d.span.file.name] : []))
  return [...new Set(names)].map((name) => resolve(name))
}
