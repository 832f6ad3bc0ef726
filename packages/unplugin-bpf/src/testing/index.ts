/** Public entry `unplugin-bpf/testing`: programs under test, with any test runner. Re-exports only. */
export {
  arp,
  buildPacket,
  type CapturedPacket,
  ethernet,
  formatPacket,
  icmp,
  icmp6,
  internetChecksum,
  ip,
  type ParsedPacket,
  PcapError,
  parsePacket,
  readPcap,
  tcp,
  udp,
  writePcap,
} from '@unplugin-bpf/core/packets'
export type { BpfModule, ModuleShape, Redirect } from '@unplugin-bpf/core/runtime'
export {
  type KernelFields,
  KernelObject,
  type KernelValue,
  kernelObject,
  VmFault,
  type VmTask,
} from '@unplugin-bpf/core/vm'
export { type KernelUsable, kernelUsable } from '@unplugin-bpf/loader'
export { htonl, htons } from './byte-order.ts'
export { totalCoverage } from './collect.ts'
export { type Coverage, type CoverageSummary, type FileCoverage, mergeCoverage } from './coverage.ts'
export type { Fault, FaultOptions, Faults, HelperFaultOptions } from './faults.ts'
export { formatTrace } from './recorder.ts'
export { simulate } from './simulate.ts'
export type * from './types.ts'
