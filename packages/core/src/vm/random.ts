/** xorshift32: the reproducible stand-in for the kernel's pseudo random numbers. */
export class Random {
  private state: number

  constructor(seed: number) {
    // State 0 would stay 0.
    this.state = seed | 0 || 0x2545f491
  }

  /** 32 bits, unsigned. */
  next(): number {
    let x = this.state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.state = x
    return x >>> 0
  }
}
