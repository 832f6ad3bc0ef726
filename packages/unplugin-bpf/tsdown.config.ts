import { defineConfig } from 'tsdown'

const plugins = ['vite', 'rollup', 'rolldown', 'esbuild', 'webpack', 'rspack']

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    runtime: 'src/runtime.ts',
    'runtime-browser': 'src/runtime-browser.ts',
    packets: 'src/packets.ts',
    dsl: 'src/dsl.ts',
    cli: 'src/cli/main.ts',
    ...Object.fromEntries(plugins.map((name) => [name, `src/${name}.ts`])),
  },
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  fixedExtension: true,
  dts: true,
  // Their types are named in ours; the user's own version is meant.
  deps: { neverBundle: [/^(vite|rollup|rolldown|esbuild|webpack|@rspack\/core|unplugin)($|\/)/] },
})
