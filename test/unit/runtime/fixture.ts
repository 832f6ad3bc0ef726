/** One object with a map of each kind, and programs that use them, with the metadata that a generated module has. */
import { codecFor } from '../../../packages/core/src/runtime/codec.ts'
import type { ObjectMeta } from '../../../packages/core/src/runtime/object-handle.ts'
import type {
  ArrayMap,
  HashMap,
  LpmKey,
  LpmMap,
  PerCpuArrayMap,
  PerCpuHashMap,
  ProgArrayMap,
  RingBuffer,
  XdpProgram,
} from '../../../packages/core/src/runtime/types.ts'
import { layoutStruct } from '../../../packages/core/src/types/layout.ts'
import { u8, u16, u32, u64 } from '../../../packages/core/src/types/types.ts'
import { asmObject, mapSpec } from '../../support/asm-object.ts'

const flowKey = layoutStruct('flow_key', [
  { name: 'addr', type: { ...u32, order: 'net', display: 'ipv4' } },
  { name: 'dst_port', type: u16 },
  { name: 'proto', type: u8 },
])
const event = layoutStruct('event', [
  { name: 'seq', type: u64 },
  { name: 'kind', type: u32 },
])
export interface FlowKey {
  addr: string
  dstPort: number
  proto: number
}
export interface Event {
  seq: bigint
  kind: number
}
export interface Shape {
  maps: {
    readonly pktCount: ArrayMap<bigint>
    readonly flows: HashMap<FlowKey, bigint>
    readonly rx: PerCpuArrayMap<bigint>
    readonly perPort: PerCpuHashMap<number, bigint>
    readonly routes: LpmMap<LpmKey, number>
    readonly events: RingBuffer<Event>
    readonly jumps: ProgArrayMap
    readonly blobs: HashMap<Uint8Array, Uint8Array>
  }
  programs: { readonly emit: XdpProgram; readonly jumper: XdpProgram; readonly seven: XdpProgram }
  structs: object
  constants: object
}

/** Sends {seq: first 8 packet bytes, kind: 1}. */
const EMIT = `
  r6 = *(u32 *)(r1 + 0)
  r2 = *(u32 *)(r1 + 4)
  r3 = r6
  r3 += 8
  if r3 > r2 goto full
  r1 = map events
  r2 = 16
  r3 = 0
  call bpf_ringbuf_reserve
  if r0 == 0 goto full
  r1 = *(u64 *)(r6 + 0)
  *(u64 *)(r0 + 0) = r1
  *(u64 *)(r0 + 8) = 1
  r1 = r0
  r2 = 0
  call bpf_ringbuf_submit
  r0 = 2
  exit
full:
  r0 = 0
  exit`
const JUMP = 'r2 = map jumps\nr3 = 1\ncall bpf_tail_call\nr0 = 0\nexit'

export const object = asmObject({ emit: EMIT, jumper: JUMP, seven: 'r0 = 7\nexit' }, [
  mapSpec('pkt_count', 'array'),
  mapSpec('flows', 'hash', { keySize: 8, maxEntries: 3 }),
  mapSpec('rx', 'percpu_array'),
  mapSpec('per_port', 'percpu_hash', { keySize: 2 }),
  mapSpec('routes', 'lpm_trie', { keySize: 8, valueSize: 4, flags: 1 }),
  mapSpec('events', 'ringbuf', { keySize: 0, valueSize: 0, maxEntries: 4096 }),
  mapSpec('jumps', 'prog_array', { valueSize: 4 }),
  mapSpec('blobs', 'lru_hash', { keySize: 3, valueSize: 5 }),
])
export const meta: ObjectMeta = {
  name: 'filter.bpf.lisp',
  maps: {
    pktCount: { name: 'pkt_count', kind: 'array', key: codecFor(u32), value: codecFor(u64) },
    flows: { name: 'flows', kind: 'hash', key: codecFor(flowKey), value: codecFor(u64) },
    rx: { name: 'rx', kind: 'percpu_array', value: codecFor(u64) },
    perPort: { name: 'per_port', kind: 'percpu_hash', key: codecFor(u16), value: codecFor(u64) },
    routes: { name: 'routes', kind: 'lpm_trie', value: codecFor(u32) },
    events: { name: 'events', kind: 'ringbuf', value: codecFor(event) },
    jumps: { name: 'jumps', kind: 'prog_array' },
    blobs: { name: 'blobs', kind: 'lru_hash' },
  },
  programs: {
    emit: { name: 'emit', section: 'xdp', type: 'xdp' },
    jumper: { name: 'jumper', section: 'xdp', type: 'xdp' },
    seven: { name: 'seven', section: 'xdp', type: 'xdp' },
  },
}

/** A packet whose first 8 bytes are the number. */
export const numbered = (seq: number) => {
  const packet = new Uint8Array(60)
  new DataView(packet.buffer).setBigUint64(0, BigInt(seq), true)
  return packet
}
export const key = (dstPort: number): FlowKey => ({ addr: '10.0.0.1', dstPort, proto: 6 })
