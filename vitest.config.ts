import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@unplugin-bpf/source'] },
  ssr: { resolve: { conditions: ['@unplugin-bpf/source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
