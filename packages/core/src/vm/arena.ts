/**
 * One linear memory that all regions of a VM lie in, so that a program translated to WebAssembly reaches them with plain
 * loads and stores. Without WebAssembly the same layout lies in an ordinary ArrayBuffer. Memory is handed out upwards;
 * what a run needed is given back with `release`, except for what was asked for as `kept`.
 *
 * Address 0 is never handed out. A grown memory has another `buffer`: views are made anew by `onGrow`.
 */
import { ERRNO, VmError } from './errno.ts'

/** What we use of `WebAssembly.Memory`. */
export interface LinearMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

const PAGE = 65536
/** 4 GiB less one page: addresses are u32, and an end must be one too. */
const MAX_PAGES = 65535
const FIRST = 64
/** Room that is reserved beyond what was asked for, in pages; the host gives physical memory only to what is touched. */
const SPARE_PAGES = 16

export class Arena {
  readonly memory: LinearMemory
  bytes: Uint8Array
  words: Int32Array
  view: DataView
  /** After every change of the buffer. */
  onGrow: () => void = () => {}
  private top = FIRST
  /** Below this nothing is released. */
  private floor = FIRST
  /** Above this all bytes are still zero. */
  private dirty = FIRST

  constructor(memory: LinearMemory) {
    this.memory = memory
    this.bytes = new Uint8Array(memory.buffer)
    this.words = new Int32Array(memory.buffer)
    this.view = new DataView(memory.buffer)
  }

  /** Address of `size` zero bytes, a multiple of 16. `run`: until `release`. */
  allocate(size: number, lifetime: 'kept' | 'run' = 'run'): number {
    const address = this.top
    const end = address + Math.ceil(size / 16) * 16
    if (end > this.bytes.length) this.grow(end)
    this.top = end
    if (lifetime === 'kept') this.floor = end
    if (address < this.dirty) this.bytes.fill(0, address, Math.min(end, this.dirty))
    if (end > this.dirty) this.dirty = end
    return address
  }

  mark(): number {
    return this.top
  }

  /** Takes back what was allocated since `mark`, as far as it is not kept. */
  release(mark: number): void {
    this.top = Math.max(mark, this.floor)
  }

  private grow(end: number): void {
    const pages = Math.ceil(end / PAGE)
    if (pages > MAX_PAGES) throw new VmError(`the maps need more than ${MAX_PAGES * PAGE} bytes`, ERRNO.ENOMEM)
    const more = Math.min(MAX_PAGES, pages + SPARE_PAGES) - this.bytes.length / PAGE
    try {
      this.memory.grow(more)
    } catch {
      throw new VmError(`the host has no ${pages * PAGE} bytes for the memory of the VM`, ERRNO.ENOMEM)
    }
    const { buffer } = this.memory
    this.bytes = new Uint8Array(buffer)
    this.words = new Int32Array(buffer)
    this.view = new DataView(buffer)
    this.onGrow()
  }
}

/** The same interface over an ArrayBuffer, for hosts without WebAssembly and the interpreter. */
export function plainMemory(): LinearMemory {
  let buffer = new ArrayBuffer(0)
  return {
    get buffer() {
      return buffer
    },
    grow(pages) {
      const old = buffer
      buffer = new ArrayBuffer(old.byteLength + pages * PAGE)
      new Uint8Array(buffer).set(new Uint8Array(old))
      return old.byteLength / PAGE
    },
  }
}
