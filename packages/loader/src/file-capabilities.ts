/** Capabilities that a binary gives to its process (`setcap`): the extended attribute `security.capability`. */
import { syscall } from './sys/syscall.ts'
import { CAPABILITY_BITS, type Capability } from './system-state.ts'

/** struct vfs_ns_cap_data: magic, two pairs of permitted and inheritable bits, root id (include/uapi/linux/capability.h). */
const ATTRIBUTE_BYTES = 24

/** Permitted ones, of those that BPF is about; none when the file has no such attribute. */
export function fileCapabilities(path: string): Capability[] {
  const bytes = new Uint8Array(ATTRIBUTE_BYTES)
  const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`)
  const length = syscall('getxattr', text(path), text('security.capability'), bytes, bytes.length)
  if (length < 12) return []
  const view = new DataView(bytes.buffer)
  const permitted = BigInt(view.getUint32(4, true)) | (BigInt(view.getUint32(12, true)) << 32n)
  const names = Object.keys(CAPABILITY_BITS) as Capability[]
  return names.filter((name) => ((permitted >> BigInt(CAPABILITY_BITS[name])) & 1n) === 1n)
}
