import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    object: 'src/entry/object.ts',
    runtime: 'src/entry/runtime.ts',
    vm: 'src/entry/vm.ts',
    packets: 'src/entry/packets.ts',
    dsl: 'src/entry/dsl.ts',
    evaluate: 'src/entry/evaluate.ts',
  },
  platform: 'neutral',
  target: 'es2022',
  format: 'esm',
  fixedExtension: true,
  dts: true,
})
