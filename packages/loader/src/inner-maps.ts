/**
 * The maps in a map of maps, as far as this process has them open. The kernel gives their ids; one map has one object
 * here, however often it is asked for.
 */
import type { MapSpec } from '@unplugin-bpf/core/object'
import { checkSyscall } from './errors.ts'
import { mapInfo } from './map-info.ts'
import { ATTR } from './sys/attr.ts'
import { bpf } from './sys/bpf.ts'
import { closeFd } from './sys/syscall.ts'

interface Closable {
  close(): void
}

export class InnerMaps<M extends Closable> {
  readonly #spec: MapSpec
  readonly #wrap: (spec: MapSpec, fd: number) => M
  readonly #create: () => number
  readonly #byId = new Map<number, M>()

  /** `create` gives the descriptor of a new map of the inner shape. */
  constructor(spec: MapSpec, wrap: (spec: MapSpec, fd: number) => M, create: () => number) {
    this.#spec = spec
    this.#wrap = wrap
    this.#create = create
  }

  create(): M {
    const fd = this.#create()
    return this.#adopt(mapInfo(fd).id, fd)
  }

  /** By the kernel's id of a map. */
  open(id: number): M {
    const known = this.#byId.get(id)
    if (known) return known
    const fd = checkSyscall(bpf(ATTR.mapFdById, { map_id: id }), `open the map with id ${id}`, {
      needs: ['SYS_ADMIN'],
      causes: { ENOENT: 'it was removed meanwhile' },
    })
    return this.#adopt(id, fd)
  }

  close(): void {
    for (const map of this.#byId.values()) map.close()
    this.#byId.clear()
  }

  #adopt(id: number, fd: number): M {
    try {
      const map = this.#wrap(this.#spec, fd)
      this.#byId.set(id, map)
      return map
    } catch (error) {
      closeFd(fd)
      throw error
    }
  }
}
