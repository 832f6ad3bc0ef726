/** Slots of a map with a fixed number of them: which are free, and lists that keep them in an order. */

export class FreeSlots {
  private readonly free: number[] = []
  private used = 0

  /** The caller knows that one is left. */
  take(): number {
    return this.free.pop() ?? this.used++
  }

  give(slot: number): void {
    this.free.push(slot)
  }
}

/** A doubly linked list of slots. -1: none. */
export class SlotList {
  first = -1
  private last = -1
  private readonly previousOf: Int32Array
  private readonly nextOf: Int32Array

  constructor(slots: number) {
    this.previousOf = new Int32Array(slots)
    this.nextOf = new Int32Array(slots)
  }

  next(slot: number): number {
    return this.nextOf[slot]!
  }

  append(slot: number): void {
    this.previousOf[slot] = this.last
    this.nextOf[slot] = -1
    if (this.last < 0) this.first = slot
    else this.nextOf[this.last] = slot
    this.last = slot
  }

  remove(slot: number): void {
    const previous = this.previousOf[slot]!
    const next = this.nextOf[slot]!
    if (previous < 0) this.first = next
    else this.nextOf[previous] = next
    if (next < 0) this.last = previous
    else this.previousOf[next] = previous
  }

  /** `slot` takes the place of `old`. */
  replace(old: number, slot: number): void {
    const previous = this.previousOf[old]!
    const next = this.nextOf[old]!
    this.previousOf[slot] = previous
    this.nextOf[slot] = next
    if (previous < 0) this.first = slot
    else this.nextOf[previous] = slot
    if (next < 0) this.last = slot
    else this.previousOf[next] = slot
  }
}
