/** One program in the kernel: running it on given bytes, and attaching it. */
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import type { AttachOptions, Link, ProgramBackend, RunInput, RunResult } from '@unplugin-bpf/core/runtime'
import { attachProgram } from './link/attach.ts'
import { type ProgramInfo, programInfo } from './program-info.ts'
import { closeFd } from './sys/syscall.ts'
import { testRun } from './test-run.ts'

export class KernelProgram implements ProgramBackend {
  readonly spec: ProgramSpec
  readonly #fd: number
  readonly #links: Set<Link>
  #closed = false

  /** Takes over the descriptor. `links` collects what has to be detached when the object is closed. */
  constructor(spec: ProgramSpec, fd: number, links: Set<Link>) {
    this.spec = spec
    this.#fd = fd
    this.#links = links
  }

  get fd(): number {
    if (this.#closed) throw new Error(`program "${this.spec.name}" is closed`)
    return this.#fd
  }

  run(input: RunInput): RunResult {
    return testRun(this.spec, this.fd, input)
  }

  /** Size, verification effort and run statistics, as the kernel counts them. */
  info(): ProgramInfo {
    return programInfo(this.fd)
  }

  attach(options: AttachOptions): Link {
    const link = attachProgram(this.spec, this.fd, options)
    this.#links.add(link)
    return link.onEnd(() => this.#links.delete(link))
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeFd(this.#fd)
  }
}
