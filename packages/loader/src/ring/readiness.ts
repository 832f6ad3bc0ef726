/** Listeners for the readiness of one descriptor. One poll serves all: libuv takes a descriptor only once per loop. */
import { checkSyscall } from '../errors.ts'
import { startPoll, stopPoll } from '../sys/syscall.ts'

export class Readiness {
  readonly #fd: number
  readonly #listeners = new Set<() => void>()
  #poll: number | undefined

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Keeps the event loop alive until the returned function is called. */
  listen(callback: () => void): () => void {
    // An entry of our own, so that one function registered twice is called twice and stopped once.
    const listener = () => callback()
    this.#listeners.add(listener)
    this.#start()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#stop()
    }
  }

  /** Must come before the descriptor is closed. */
  close(): void {
    this.#stop()
    this.#listeners.clear()
  }

  #start(): void {
    if (this.#poll !== undefined) return
    this.#poll = checkSyscall(
      startPoll(this.#fd, () => {
        for (const listener of [...this.#listeners]) listener()
      }),
      'wait for ring buffer records',
      {
        causes: {
          ENOSYS: 'this runtime does not offer libuv to addons (Bun and Deno do not); call drain() from a timer',
        },
      },
    )
  }

  #stop(): void {
    if (this.#poll !== undefined) stopPoll(this.#poll)
    this.#poll = undefined
  }
}
