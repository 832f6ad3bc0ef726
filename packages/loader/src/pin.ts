/**
 * Names in a BPF file system: pins keep maps (programs, links) alive without a process. A map that is found again must
 * have the shape that the program was compiled for; the message says what differs.
 */
import { rmSync } from 'node:fs'
import type { MapSpec } from '@unplugin-bpf/core/object'
import { checkSyscall, SyscallError } from './errors.ts'
import { type KernelMapInfo, mapInfo } from './map-info.ts'
import { mapTypeOf } from './map-type.ts'
import { ATTR } from './sys/attr.ts'
import { bpf } from './sys/bpf.ts'
import { ERRNO } from './sys/errno.ts'
import { closeFd } from './sys/syscall.ts'

export function pinFd(fd: number, path: string, what: string): void {
  checkSyscall(bpf(ATTR.objPin, { pathname: pathBytes(path), bpf_fd: fd }), `pin ${what} at ${path}`, {
    causes: {
      ENOENT: 'the folder does not exist',
      EEXIST: 'there is a file of this name already; remove it, or choose another name (links: onExisting)',
      EINVAL: 'the folder is not in a BPF file system: mount -t bpf bpf /sys/fs/bpf',
      EPERM: 'the folder is not in a BPF file system (mount -t bpf bpf /sys/fs/bpf), or the name has a dot',
    },
  })
}

/** False when there was none. */
export function unpinPath(path: string): boolean {
  try {
    rmSync(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Descriptor of what is pinned. */
export function openPin(path: string): number {
  return checkSyscall(bpf(ATTR.objGet, { pathname: pathBytes(path) }), `open the pin ${path}`, {
    causes: {
      ENOENT: 'nothing is pinned there',
      EINVAL: 'the file is not in a BPF file system',
      EACCES: 'the file belongs to another user; see its permissions',
    },
  })
}

/** Descriptor of the pinned map, when it has the shape of `spec`. */
export function openPinned(spec: MapSpec, path: string): number {
  const fd = openPin(path)
  try {
    const differences = compareLayout(spec, mapInfo(fd))
    if (differences.length === 0) return fd
    throw new SyscallError(`use the pinned map ${path} for "${spec.name}"`, ERRNO.EINVAL, {
      causes: { EINVAL: `${differences.join('\n  ')}\n  remove the file if it is not needed any more` },
    })
  } catch (error) {
    closeFd(fd)
    throw error
  }
}

/** One line per property that differs; empty when the map can serve as `spec`. */
export function compareLayout(spec: MapSpec, found: KernelMapInfo): string[] {
  const row = mapTypeOf(spec)
  const pairs: readonly (readonly [string, string | number, string | number])[] = [
    ['type', spec.type, found.type],
    ['bytes of a key', spec.keySize, found.keySize],
    ['bytes of a value', spec.valueSize, found.valueSize],
    // Some kinds choose their own size.
    [
      'entries',
      row.maxEntries === 'optional' && spec.maxEntries === 0 ? found.maxEntries : spec.maxEntries,
      found.maxEntries,
    ],
    ['flags', hex((spec.flags | row.requiredFlags) & ~OPEN_FLAGS), hex(found.flags & ~OPEN_FLAGS)],
  ]
  return pairs
    .filter(([, wanted, has]) => wanted !== has)
    .map(([what, wanted, has]) => `${what}: the pinned map has ${has}, the program wants ${wanted}`)
}

/** BPF_F_RDONLY and BPF_F_WRONLY belong to a descriptor, not to the map. */
const OPEN_FLAGS = (1 << 3) | (1 << 4)

const hex = (flags: number) => `0x${(flags >>> 0).toString(16)}`

function pathBytes(path: string): Uint8Array {
  return new TextEncoder().encode(`${path}\0`)
}
