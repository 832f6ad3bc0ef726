/** Public entry `@unplugin-bpf/core/runtime`: re-exports only. */
export type * from '../runtime/backend.ts'
export { type Codec, codecFor } from '../runtime/codec.ts'
export {
  checkArray,
  checkBigInt,
  checkBoolean,
  checkBytes,
  checkInt,
  checkObject,
} from '../runtime/codec-checks.ts'
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
