/** Handle of a program: `run` on a packet or context, `attach`. */
import { PROGRAM_TYPES, type ProgramTypeName, type ProgramTypeRow } from '../tables/program-types.ts'
import type { AttachOptions, Link, ProgramBackend, RunInput } from './backend.ts'
import { ClosedError, INSPECT, type ObjectState } from './handle.ts'
import type { OtherProgram, ProgramRun, RunOptions } from './types.ts'

export class ProgramHandle implements OtherProgram {
  private readonly backend: ProgramBackend
  private readonly state: ObjectState
  private readonly row: ProgramTypeRow | undefined

  constructor(backend: ProgramBackend, state: ObjectState) {
    this.backend = backend
    this.state = state
    const { type } = backend.spec
    this.row = Object.hasOwn(PROGRAM_TYPES, type) ? PROGRAM_TYPES[type as ProgramTypeName] : undefined
  }

  get name(): string {
    return this.backend.spec.name
  }
  get section(): string {
    return this.backend.spec.section
  }
  get type(): string {
    return this.backend.spec.type
  }
  get fd(): number | undefined {
    return this.backend.fd
  }

  /** The first argument is the packet for program types that have one, else the context. */
  run(data?: Uint8Array, options: RunOptions | Uint8Array = {}): ProgramRun {
    this.checkOpen()
    const more: RunOptions = options instanceof Uint8Array ? { ctx: options } : options
    const input: RunInput = this.hasPacket()
      ? { data, ctx: more.ctx, repeat: more.repeat }
      : { ctx: more.ctx ?? data, repeat: more.repeat }
    const result = this.backend.run(input)
    return { retval: result.retval, data: result.data, ctx: result.ctx, durationNs: result.durationNs }
  }

  attach(options: AttachOptions = {}): Link {
    this.checkOpen()
    return this.backend.attach(options)
  }

  private hasPacket(): boolean {
    const context = this.row?.context
    return context === 'xdp_md' || context === '__sk_buff' || context === 'bpf_nf_ctx'
  }

  private checkOpen(): void {
    if (this.state.closed) throw new ClosedError(`${this.state.name}: program ${this.name}: the object is closed`)
  }

  [INSPECT](): string {
    return `Program ${this.name} (${this.type}, section ${this.section})${this.state.closed ? ' <closed>' : ''}`
  }
}
