/** BTF of the running kernel: 5 MB and 20 ms, so it is read once per process, and only for programs that need it. */
import { readFileSync } from 'node:fs'
import { type Btf, readBtf } from '@unplugin-bpf/core/object'

export const VMLINUX_BTF = '/sys/kernel/btf/vmlinux'

const known = new Map<string, Btf>()

/** `path`: another file, of a kernel that has no BTF of its own (BTFHub). */
export function kernelBtf(path: string = VMLINUX_BTF): Btf {
  const found = known.get(path)
  if (found) return found
  const btf = readBtf(read(path))
  known.set(path, btf)
  return btf
}

function read(path: string): Uint8Array {
  try {
    const file = readFileSync(path)
    // Not a copy: the file has 5 MB.
    return new Uint8Array(file.buffer, file.byteOffset, file.byteLength)
  } catch (error) {
    throw new Error(
      path === VMLINUX_BTF
        ? `${path} cannot be read: this kernel was built without CONFIG_DEBUG_INFO_BTF, which programs with kernel types or CO-RE relocations need; give the kernel's BTF as a file with the option \`btf\``
        : `the BTF file ${path} cannot be read`,
      { cause: error },
    )
  }
}
