/** Handle of a PROG_ARRAY: the targets of tail calls. */
import type { MapBackend, ProgramBackend } from './backend.ts'
import { BaseMap, type ObjectState } from './handle.ts'
import { assertIndex, u32Key } from './index-key.ts'
import type { ProgArrayMap, ProgramHandle } from './types.ts'

export interface ProgArrayInit {
  readonly backend: MapBackend
  readonly state: ObjectState
  /** By handle, ELF name or key; throws for what it does not know. */
  readonly findProgram: (program: ProgramHandle | string) => ProgramBackend
}

export class ProgArrayMapHandle extends BaseMap implements ProgArrayMap {
  protected readonly label = 'ProgArrayMap'
  private readonly findProgram: ProgArrayInit['findProgram']

  constructor(init: ProgArrayInit) {
    super(init.backend, init.state)
    this.findProgram = init.findProgram
  }

  get size(): number {
    return this.maxEntries
  }

  set(index: number, program: ProgramHandle | string): this {
    this.checkOpen()
    assertIndex(this, index)
    const { setProgram } = this.backend
    if (setProgram === undefined) throw new TypeError(`map ${this.name}: this backend has no program arrays`)
    setProgram.call(this.backend, index, this.findProgram(program))
    return this
  }

  has(index: number): boolean {
    this.checkOpen()
    assertIndex(this, index)
    return this.backend.lookup(u32Key(index)) !== undefined
  }

  delete(index: number): boolean {
    this.checkOpen()
    assertIndex(this, index)
    return this.backend.delete(u32Key(index))
  }

  clear(): void {
    for (let i = 0; i < this.maxEntries; i++) this.delete(i)
  }

  protected content(): unknown {
    return Array.from({ length: this.maxEntries }, (_, i) => i).filter((i) => this.has(i))
  }
}
