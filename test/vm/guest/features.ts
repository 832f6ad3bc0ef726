/** What this kernel says it has: program types, map types, helpers, ways of attaching. */
import { release } from 'node:os'
import { type KernelFeatures, probeFeatures } from '@unplugin-bpf/loader'

export interface FeaturesReport {
  readonly kernel: string
  readonly features: KernelFeatures
}

console.log(JSON.stringify({ kernel: release(), features: probeFeatures() } satisfies FeaturesReport))
