import { defineConfig } from 'vitest/config'
import { SummaryReporter } from './test/support/summary-reporter.ts'

export default defineConfig({
  resolve: { conditions: ['@unplugin-bpf/source'] },
  ssr: { resolve: { conditions: ['@unplugin-bpf/source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      'test/fixtures/**',
      'test/consumer/**',
      ...(process.env.UNPLUGIN_BPF_TEST_VM ? [] : ['test/vm/**']),
    ],
    reporters: ['default', new SummaryReporter()],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
