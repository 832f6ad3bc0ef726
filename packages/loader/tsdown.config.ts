import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: { index: 'src/index.ts' },
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  fixedExtension: true,
  dts: true,
})
