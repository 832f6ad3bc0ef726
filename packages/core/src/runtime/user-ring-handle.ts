/** Handle of a user ring buffer: records for a program that takes them with bpf_user_ringbuf_drain. */
import type { MapBackend } from './backend.ts'
import type { Codec } from './codec.ts'
import { BaseMap, type ObjectState } from './handle.ts'
import type { UserRing } from './types.ts'

export class UserRingHandle<E> extends BaseMap implements UserRing<E> {
  protected readonly label = 'UserRing'
  private readonly record: Codec<E>

  constructor(init: { readonly backend: MapBackend; readonly state: ObjectState; readonly record: Codec<E> }) {
    super(init.backend, init.state)
    this.record = init.record
  }

  push(record: E): boolean {
    return this.open().push(this.record.encode(record))
  }

  get pending(): number {
    return this.open().pending()
  }

  private open() {
    this.checkOpen()
    const { userRing } = this.backend
    if (userRing === undefined) throw this.kernelOnly('written as user ring buffers')
    return userRing
  }

  protected content(): unknown {
    return { maxEntries: this.maxEntries }
  }
}
