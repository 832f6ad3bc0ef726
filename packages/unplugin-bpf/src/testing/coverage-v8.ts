/**
 * `unplugin-bpf/testing/coverage-v8`: vitest's V8 coverage with the lines of kernel code in the same reports.
 *
 *   coverage: { provider: 'custom', customProviderModule: 'unplugin-bpf/testing/coverage-v8' }
 *
 * Workers add what simulations counted to the V8 result that they send; the provider takes it out again and merges it
 * into the map that all reporters, thresholds included, work on.
 */
import v8 from '@vitest/coverage-v8'
import { takeCoverage } from './collect.ts'
import { type IstanbulCoverage, isKernelSource, istanbulCoverage } from './istanbul.ts'

interface V8Result {
  readonly result: readonly { readonly url: string }[]
  readonly kernel?: IstanbulCoverage
}

interface CoverageMap {
  merge(other: IstanbulCoverage): void
  filter(keep: (path: string) => boolean): void
}

interface ReadOptions {
  onFileRead(coverage: V8Result): void
}

/** What is replaced of vitest's provider. */
interface Provider {
  /** Workers get it as the provider's name, and must find this module again. */
  name: string
  readCoverageFiles(options: ReadOptions): Promise<void>
  generateCoverage(context: unknown): Promise<CoverageMap>
}

const module: typeof v8 = {
  ...v8,
  async takeCoverage(options) {
    const taken = (await v8.takeCoverage?.(options)) as V8Result
    const result = taken.result.filter(({ url }) => !isKernelSource(url))
    return { ...taken, result, kernel: istanbulCoverage(takeCoverage()) }
  },
  async getProvider() {
    const provider = await v8.getProvider()
    addKernelCode(provider as unknown as Provider) // its class is not public
    return provider
  },
}

function addKernelCode(provider: Provider): void {
  provider.name = 'custom'
  const readCoverageFiles = provider.readCoverageFiles.bind(provider)
  const generateCoverage = provider.generateCoverage.bind(provider)
  let kernel: IstanbulCoverage[] = []
  provider.readCoverageFiles = (options) =>
    readCoverageFiles({
      ...options,
      onFileRead(coverage) {
        if (coverage.kernel) kernel.push(coverage.kernel)
        options.onFileRead(coverage)
      },
    })
  provider.generateCoverage = async (context) => {
    kernel = []
    const map = await generateCoverage(context)
    // What `coverage.include` found unused would be the generated modules.
    map.filter((path) => !isKernelSource(path))
    for (const part of kernel) map.merge(part)
    return map
  }
}

export default module
