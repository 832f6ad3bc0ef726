/** String sections of ELF and BTF: NUL-terminated, offset 0 is the empty string. */
import { ByteWriter } from './writer.ts'

const encoder = new TextEncoder()

/** A string section under construction: offset 0 is the empty string, equal strings are stored once. */
export class StringTable {
  readonly #offsets = new Map<string, number>([['', 0]])
  readonly #writer = new ByteWriter()

  constructor() {
    this.#writer.u8(0)
  }

  /** Offset of the string. A NUL inside would end it early, so it is dropped. */
  add(text: string): number {
    const known = this.#offsets.get(text)
    if (known !== undefined) return known
    const offset = this.#writer.size
    this.#offsets.set(text, offset)
    this.#writer.raw(encoder.encode(text.replaceAll('\0', '')))
    this.#writer.u8(0)
    return offset
  }

  finish(): Uint8Array {
    return this.#writer.finish()
  }
}
