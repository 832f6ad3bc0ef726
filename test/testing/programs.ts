/** Modules of the benchmark and playground programs, as a bundler gives them, with the types that tests use. */
import { join } from 'node:path'
import type { ArrayMap, BpfModule, HashMap, RingBuffer, XdpProgram } from '../../packages/core/src/runtime/types.ts'
import { importProgram } from '../ts/import-program.ts'

interface Parts {
  structs: object
  constants: object
}
export interface DropShape extends Parts {
  maps: { readonly dropCount: ArrayMap<bigint> }
  programs: { readonly dropPort: XdpProgram }
}
export interface SynShape extends Parts {
  maps: { readonly synCounter: HashMap<number, bigint>; readonly synStats: ArrayMap<bigint> }
  programs: { readonly synflood: XdpProgram }
}
export interface LoggerShape extends Parts {
  maps: {
    readonly events: RingBuffer<{ readonly dstPort: number; readonly proto: number; readonly srcAddr: number }>
    readonly rbStats: ArrayMap<bigint>
  }
  programs: { readonly eventLogger: XdpProgram }
}

const root = join(import.meta.dirname, '..', '..')

export async function programModule<M extends BpfModule>(path: string): Promise<M> {
  const { default: module } = await importProgram<{ default: M }>(join(root, path), { exactLines: true })
  return module
}
