/** Public entry `@unplugin-bpf/core/dsl`, which `unplugin-bpf/dsl` is: the authoring API of `.bpf.ts` files. Re-exports only. */
export { type Atomic, atomic } from '../dsl/atomic.ts'
export { array, ipv6, mac, type StructOptions, str, struct, union } from '../dsl/composite.ts'
export * from '../dsl/generated/constants.ts'
export type { Bpf, Memory } from '../dsl/generated/helpers.ts'
export type * from '../dsl/generated/programs.ts'
export type { Tracepoints } from '../dsl/generated/tracepoints.ts'
export { type Global, global, type Rodata, rodata } from '../dsl/globals.ts'
export { Arp, Eth, Icmp, Ipv4, Ipv6, Tcp, Udp, Vlan } from '../dsl/headers.ts'
export { bpf, each, range } from '../dsl/intrinsics.ts'
export { type KernelStruct, type KernelView, kernel } from '../dsl/kernel-struct.ts'
export { type AnyShape, lisp } from '../dsl/lisp-tag.ts'
export type * from '../dsl/map-types.ts'
export { map } from '../dsl/maps.ts'
export { type BpfObjectOf, type ObjectInit, object, type ShapeOf } from '../dsl/object.ts'
export type * from '../dsl/program-types.ts'
export * from '../dsl/programs.ts'
export { bool, i8, i16, i32, i64, ipv4, ktime, u8, u16, u16be, u32, u32be, u64, u64be } from '../dsl/scalars.ts'
export { subprog } from '../dsl/subprog.ts'
export type {
  AnySchema,
  Arr,
  ArraySchema,
  Context,
  Fields,
  Infer,
  Kernel,
  KernelFields,
  PacketContext,
  Ref,
  Reserved,
  Scalar,
  Schema,
  Struct,
  Union,
  UserFields,
} from '../dsl/types.ts'
// Handles appear in the types of default exports, which declaration emit must be able to name.
export type {
  ArrayMap,
  BloomFilter,
  BpfModule,
  CgroupProgram,
  CgroupSkbProgram,
  DescriptorMap,
  HashMap,
  KprobeProgram,
  LpmKey,
  LpmMap,
  MapOfMaps,
  OtherProgram,
  PerCpuArrayMap,
  PerCpuHashMap,
  ProgArrayMap,
  QueueMap,
  RawMap,
  RawTracepointProgram,
  RingBuffer,
  SocketFilterProgram,
  StorageMap,
  TargetMap,
  TcProgram,
  TracepointProgram,
  UprobeProgram,
  UserRing,
  XdpProgram,
} from '../runtime/types.ts'
