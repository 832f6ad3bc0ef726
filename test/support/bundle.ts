/** Scripts for child processes as one JavaScript file each: they start several times faster than through a loader. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'

/** Below node_modules, so that the addon of the loader is found from there. */
export const BUNDLES = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'unplugin-bpf-scripts')

/** Bundles TypeScript files by name; their paths. */
export function bundleScripts<N extends string>(files: Readonly<Record<N, string>>): Record<N, string> {
  mkdirSync(BUNDLES, { recursive: true })
  buildSync({
    entryPoints: { ...files },
    outdir: BUNDLES,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['@unplugin-bpf/source'],
  })
  const names = Object.keys(files) as N[]
  return Object.fromEntries(names.map((name) => [name, join(BUNDLES, `${name}.mjs`)])) as Record<N, string>
}
