/** The configuration that the VM shows: version 6.18, as the kernel that it is compared with, and no option set. */
import { withKconfig } from '../object/kconfig.ts'
import type { BpfObject } from '../object/object.ts'

const VERSION = (6 << 16) | (18 << 8)

export function withVmKconfig(object: BpfObject): BpfObject {
  if (object.kconfig === undefined) return object
  const kconfig = object.kconfig.map((spec) => ({ ...spec, weak: true }))
  return withKconfig({ ...object, kconfig }, (name) => (name === 'LINUX_KERNEL_VERSION' ? String(VERSION) : undefined))
}
