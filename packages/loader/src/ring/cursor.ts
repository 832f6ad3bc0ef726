/**
 * Reads records where they are: `next` moves to the following one, accessors read its bytes. Records are given back to
 * the kernel in portions, and all of them when there is no further record or the cursor is closed.
 */
import { RecordAccess } from '@unplugin-bpf/core/runtime'
import { DISCARD, HEADER, LENGTH, type RingMapping } from './mapping.ts'

export interface CursorInit {
  readonly mapping: RingMapping
  readonly mask: number
  /** Consumer position. */
  readonly position: number
  readonly isOpen: () => boolean
  readonly commit: (position: number) => void
  readonly end: () => void
}

export class KernelRingCursor extends RecordAccess {
  readonly #init: CursorInit
  readonly #words: Int32Array
  readonly #mask: number
  readonly #dataStart: number
  /** Bytes that may be held back before they are given to the kernel. */
  readonly #portion: number
  /** Position of the first record that was not given back, and the bytes behind it that were read or passed. */
  #base: number
  #read = 0
  /** Bytes behind the base that the producer has reserved. */
  #available = 0
  #closed = false

  constructor(init: CursorInit) {
    super()
    this.#init = init
    this.#words = init.mapping.words
    this.view = init.mapping.view
    this.#mask = init.mask
    this.#dataStart = init.mapping.dataStart
    this.#portion = (init.mask + 1) >>> 2
    this.#base = init.position
  }

  next(): boolean {
    if (this.#closed) return false
    for (;;) {
      if (this.#read >= this.#available || this.#read >= this.#portion) {
        if (!this.#refresh()) return this.#none()
      }
      const place = this.#dataStart + ((this.#base + this.#read) & this.#mask)
      const header = Atomics.load(this.#words, place >>> 2)
      // BUSY is the sign bit.
      if (header < 0) return this.#none()
      this.#read += ((header & LENGTH) + HEADER + 7) & ~7
      if ((header & DISCARD) !== 0) continue
      this.length = header & LENGTH
      this.at = place + HEADER
      return true
    }
  }

  close(): void {
    if (this.#closed) return
    if (this.#init.isOpen()) this.#giveBack()
    this.#closed = true
    this.length = 0
    this.#init.end()
  }

  #none(): false {
    this.#giveBack()
    this.length = 0
    return false
  }

  /** Gives back what was read and looks how far the producer is. */
  #refresh(): boolean {
    if (!this.#init.isOpen()) {
      this.close()
      return false
    }
    this.#giveBack()
    this.#available = (Atomics.load(this.#words, 0) - (this.#base % 0x1_0000_0000)) >>> 0
    return this.#available > 0
  }

  #giveBack(): void {
    if (this.#read === 0) return
    this.#base += this.#read
    this.#available -= this.#read
    this.#read = 0
    this.#init.commit(this.#base)
  }
}
