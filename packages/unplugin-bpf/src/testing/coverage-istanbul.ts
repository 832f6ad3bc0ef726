/**
 * `unplugin-bpf/testing/coverage-istanbul`: vitest's istanbul coverage with the lines of kernel code in the same reports.
 *
 *   coverage: { provider: 'custom', customProviderModule: 'unplugin-bpf/testing/coverage-istanbul' }
 */
import istanbul from '@vitest/coverage-istanbul'
import { takeCoverage } from './collect.ts'
import { isKernelSource, istanbulCoverage } from './istanbul.ts'

const module: typeof istanbul = {
  ...istanbul,
  async takeCoverage(options) {
    const taken = ((await istanbul.takeCoverage?.(options)) ?? {}) as Readonly<Record<string, unknown>>
    const own = Object.fromEntries(Object.entries(taken).filter(([path]) => !isKernelSource(path)))
    return { ...own, ...istanbulCoverage(takeCoverage()) }
  },
  async getProvider() {
    const provider = await istanbul.getProvider()
    // Workers get the name, and must find this module again.
    return Object.assign(provider, { name: 'custom' })
  },
}

export default module
