/**
 * An object in the kernel: its BTF, maps and programs, created in that order, because programs refer to maps by file
 * descriptor. Whatever fails, everything that was created before is closed again.
 */

import type { BpfObject } from '@unplugin-bpf/core/object'
import {
  type AttachAllOptions,
  type AttachedLinks,
  attachAll,
  fillSlots,
  type Link,
  type ObjectBackend,
} from '@unplugin-bpf/core/runtime'
import { resolveKconfig } from './externs.ts'
import { guardLeak, unguardLeak } from './leak-guard.ts'
import { type BtfResult, loadBtf } from './load-btf.ts'
import { loadMap } from './load-map.ts'
import { loadProgram } from './load-program.ts'
import { KernelMap } from './map.ts'
import { raiseMemlock } from './memlock.ts'
import { KernelProgram } from './program.ts'
import { capabilitiesOfObject } from './program-type.ts'
import { addon } from './sys/addon.ts'
import { closeFd } from './sys/syscall.ts'

export interface LoadOptions {
  /** File with the BTF of the running kernel, for CO-RE; default /sys/kernel/btf/vmlinux. */
  readonly btf?: string | undefined
  /** Folder in a BPF file system for maps with `pinning: 'byName'`; default /sys/fs/bpf. */
  readonly pinRoot?: string | undefined
  /** Options of the kernel by name, for `extern ... __kconfig`; they count before /proc/config.gz (`CONFIG_HZ: '250'`). */
  readonly kconfig?: Readonly<Record<string, string>> | undefined
}

export class KernelObject implements ObjectBackend, Disposable {
  readonly kind = 'kernel'
  readonly object: BpfObject
  readonly maps: ReadonlyMap<string, KernelMap>
  readonly programs: ReadonlyMap<string, KernelProgram>
  /** The kernel's log when it refused the object's BTF; the object works without it. */
  readonly btfRefusal: string | undefined
  readonly #btfFd: number | undefined
  readonly #links: Set<Link>
  #closed = false

  constructor(parts: KernelObjectParts) {
    this.object = parts.object
    this.maps = parts.maps
    this.programs = parts.programs
    this.#links = parts.links
    this.#btfFd = parts.btf && 'loaded' in parts.btf ? parts.btf.loaded.fd : undefined
    this.btfRefusal = parts.btf && 'refusal' in parts.btf ? parts.btf.refusal : undefined
    const names = parts.object.programs.map((program) => program.name).join(', ')
    guardLeak(this, names === '' ? 'a BPF object' : `the BPF object with ${names}`)
  }

  /** Attaches every program whose section says what to, and those with options here; by ELF name. All or nothing. */
  attachAll(options: AttachAllOptions = {}): AttachedLinks {
    return attachAll(this.programs, options)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    unguardLeak(this)
    release({ maps: this.maps, programs: this.programs, links: this.#links, btfFd: this.#btfFd })
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

interface KernelObjectParts {
  readonly object: BpfObject
  readonly maps: Map<string, KernelMap>
  readonly programs: Map<string, KernelProgram>
  /** Attachments that still exist; a detached one removes itself. */
  readonly links: Set<Link>
  readonly btf: BtfResult
}

export function loadKernelObject(given: BpfObject, options: LoadOptions = {}): KernelObject {
  addon() // says what is missing before anything about the object does
  raiseMemlock()
  const object = resolveKconfig(given, options.kconfig)
  const maps = new Map<string, KernelMap>()
  const created: KernelMap[] = []
  const programs = new Map<string, KernelProgram>()
  const links = new Set<Link>()
  const btf = loadBtf(object)
  const loaded = btf && 'loaded' in btf ? btf.loaded : undefined
  try {
    const surroundings = {
      btf: loaded,
      pinRoot: options.pinRoot ?? '/sys/fs/bpf',
      needs: capabilitiesOfObject(object),
    }
    for (const spec of object.maps) {
      const { fd, fresh } = loadMap(spec, surroundings)
      const createInner = spec.inner && (() => loadMap(spec.inner!, surroundings).fd)
      const map = adopt(fd, () => new KernelMap(spec, fd, createInner))
      maps.set(spec.name, map)
      if (fresh) created.push(map)
    }
    const fdOf = (name: string) => {
      const map = maps.get(name)
      if (!map) throw new Error(`the object refers to map "${name}", which it does not have`)
      return map.fd
    }
    for (const spec of object.programs) {
      const fd = loadProgram(spec, { object, btf: loaded, btfPath: options.btf, fdOf })
      programs.set(spec.name, new KernelProgram(spec, fd, links))
    }
    fillSlots(created, { maps, programs })
    return new KernelObject({ object, maps, programs, links, btf })
  } catch (error) {
    release({ maps, programs, links, btfFd: loaded?.fd })
    throw error
  }
}

/** Closes the descriptor when its owner cannot be made. */
function adopt<T>(fd: number, make: () => T): T {
  try {
    return make()
  } catch (error) {
    closeFd(fd)
    throw error
  }
}

interface Resources {
  readonly maps: ReadonlyMap<string, KernelMap>
  readonly programs: ReadonlyMap<string, KernelProgram>
  readonly links: Set<Link>
  readonly btfFd: number | undefined
}

/** Last made, first freed. */
function release({ maps, programs, links, btfFd }: Resources): void {
  // Pinned ones live on.
  for (const link of [...links].reverse()) link.close()
  for (const program of programs.values()) program.close()
  for (const map of maps.values()) map.close()
  if (btfFd !== undefined) closeFd(btfFd)
}
