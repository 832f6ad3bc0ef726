/** Little-endian writing for ELF and BTF into a buffer that grows. */

export class ByteWriter {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #size = 0

  get size(): number {
    return this.#size
  }

  u8(value: number): void {
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
  }

  u16(value: number): void {
    const at = this.#grow(2)
    this.#view.setUint16(at, value, true)
  }

  /** Also takes negative values (two's complement). */
  u32(value: number): void {
    const at = this.#grow(4)
    this.#view.setUint32(at, value, true)
  }

  u64(value: number | bigint): void {
    const at = this.#grow(8)
    this.#view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true)
  }

  raw(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** Zero bytes up to a multiple of `align`. */
  align(align: number): void {
    this.#grow((align - (this.#size % align)) % align)
  }

  /** Overwrites four bytes that were written before. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true)
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#size)
  }

  /** Makes room and returns its start. Call it before using #view, which it may replace. */
  #grow(length: number): number {
    const at = this.#size
    this.#size += length
    if (this.#size > this.#bytes.length) {
      const bigger = new Uint8Array(Math.max(this.#size, this.#bytes.length * 2))
      bigger.set(this.#bytes.subarray(0, at))
      this.#bytes = bigger
      this.#view = new DataView(bigger.buffer)
    }
    return at
  }
}
