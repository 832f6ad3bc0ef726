/** Public entry `@unplugin-bpf/core/runtime`: re-exports only. */
export { type AttachAllOptions, type AttachedLinks, attachAll } from '../runtime/attach-all.ts'
export type * from '../runtime/backend.ts'
export { base64Bytes, viewOf } from '../runtime/bytes.ts'
export { type Codec, codecFor } from '../runtime/codec.ts'
export {
  checkArray,
  checkBigInt,
  checkBoolean,
  checkBytes,
  checkInt,
  checkObject,
} from '../runtime/codec-checks.ts'
export type { MapMeta } from '../runtime/create-map-handle.ts'
export { BACKEND_VARIABLE, type Backends, defineModule, type ModuleMeta } from '../runtime/define-module.ts'
export { describeElf } from '../runtime/describe-object.ts'
export { fillSlots } from '../runtime/fill-slots.ts'
export type { GlobalMeta } from '../runtime/globals-handle.ts'
export { ClosedError, MapConditionError } from '../runtime/handle.ts'
export { type MergedRecord, mergeRings } from '../runtime/merge-rings.ts'
export { nearName } from '../runtime/near.ts'
export { createHandles, type ObjectMeta, type ProgramMeta } from '../runtime/object-handle.ts'
export { CopyCursor, drainingCursor, RecordAccess } from '../runtime/record-access.ts'
export {
  formatIpv4,
  formatIpv6,
  formatMac,
  parseIpv4,
  parseIpv6,
  parseMac,
  readString,
  writeString,
} from '../runtime/text.ts'
export type * from '../runtime/types.ts'
