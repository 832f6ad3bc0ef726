import bpf from 'unplugin-bpf/vite'
import { defineConfig } from 'vitest/config'

// `npm test -w playground`: as any user, on any system; nothing is loaded into a kernel.
export default defineConfig({
  plugins: [bpf({ types: false })],
  test: {
    include: ['test/**/*.test.ts'],
    coverage: {
      provider: 'custom',
      customProviderModule: 'unplugin-bpf/testing/coverage-v8',
      reporter: ['text', 'lcov'],
    },
  },
})
