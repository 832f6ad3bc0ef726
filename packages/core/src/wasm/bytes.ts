/** A growing buffer of bytes with the number formats of WebAssembly (core specification 2.0, section 5.2). */

export class Bytes {
  private buffer = new Uint8Array(256)
  length = 0

  byte(value: number): this {
    if (this.length === this.buffer.length) this.reserve(1)
    this.buffer[this.length++] = value
    return this
  }

  append(bytes: Uint8Array): this {
    this.reserve(bytes.length)
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
    return this
  }

  /** Unsigned LEB128 of up to 32 bits. */
  unsigned(value: number): this {
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    return this.byte(rest)
  }

  /** Signed LEB128 of 32 bits. */
  signed(value: number): this {
    let rest = value | 0
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return this.byte(rest & 0x7f)
  }

  /** Signed LEB128 of a 64-bit number in two halves. */
  signed64(lo: number, hi: number): this {
    if (hi === lo >> 31) return this.signed(lo)
    let l = lo | 0
    let h = hi | 0
    while (h !== l >> 31 || l < -64 || l > 63) {
      this.byte((l & 0x7f) | 0x80)
      l = (l >>> 7) | (h << 25)
      h >>= 7
    }
    return this.byte(l & 0x7f)
  }

  text(value: string): this {
    this.unsigned(value.length)
    for (let i = 0; i < value.length; i++) this.byte(value.charCodeAt(i))
    return this
  }

  /** A view; valid until the next write. */
  take(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return
    const larger = new Uint8Array(Math.max(2 * this.buffer.length, this.length + more))
    larger.set(this.take())
    this.buffer = larger
  }
}
