/**
 * An attachment, whatever its kind: it ends once, however often that is asked for, and what the kernel offers for BPF
 * links (another program, pins, particulars) works on every one that is a link.
 */
import type { Link, LinkInfo, ProgramReference } from '@unplugin-bpf/core/runtime'
import { checkSyscall } from '../errors.ts'
import { guardLeak, unguardLeak } from '../leak-guard.ts'
import { pinFd, unpinPath } from '../pin.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { closeFd } from '../sys/syscall.ts'
import { linkInfo } from './info.ts'

export interface Attachment {
  readonly kind: string
  /** Descriptor of the BPF link, when there is one. */
  readonly fd?: number | undefined
  /** Frees what the attachment holds besides the link; for attachments without a link, detaches. */
  readonly release?: (() => void) | undefined
  /** Puts another program in the place of the first, where there is no BPF link. */
  readonly replace?: ((programFd: number) => void) | undefined
}

export class KernelLink implements Link {
  readonly kind: string
  readonly #attachment: Attachment
  readonly #ended = new Set<() => void>()
  #attached = true
  #pinned: string | undefined

  constructor(attachment: Attachment, pinned?: string) {
    this.kind = attachment.kind
    this.#attachment = attachment
    this.#pinned = pinned
    guardLeak(this, `a BPF attachment (${attachment.kind})`)
  }

  get attached(): boolean {
    return this.#attached
  }
  get fd(): number | undefined {
    return this.#attached ? this.#attachment.fd : undefined
  }
  get pinned(): string | undefined {
    return this.#pinned
  }

  /** Calls back once, when this process no longer holds the attachment. */
  onEnd(callback: () => void): this {
    this.#ended.add(callback)
    return this
  }

  update(program: ProgramReference): void {
    this.#checkAttached('another program')
    const { kind, fd, replace } = this.#attachment
    const programFd = program.fd
    if (programFd === undefined) throw new TypeError('update() takes a program that is loaded into the kernel')
    if (fd === undefined) {
      if (!replace) throw new TypeError(`an attachment of kind ${kind} cannot change its program; attach the other one`)
      replace(programFd)
      return
    }
    checkSyscall(updateLink(fd, programFd), `put program "${program.name ?? programFd}" into the ${kind} link`, {
      causes: {
        ...CANNOT_UPDATE(kind),
        ENOLINK: 'what it was attached to has gone',
      },
    })
  }

  pin(path: string): void {
    const fd = this.#linkFd('pinned')
    if (this.#pinned !== undefined) throw new TypeError(`the ${this.kind} link is pinned at ${this.#pinned} already`)
    pinFd(fd, path, `the ${this.kind} link`)
    this.#pinned = path
  }

  unpin(): void {
    if (this.#pinned === undefined) return
    unpinPath(this.#pinned)
    this.#pinned = undefined
  }

  info(): LinkInfo | undefined {
    this.#checkAttached('asked about')
    return this.#attachment.fd === undefined ? undefined : linkInfo(this.#attachment.fd)
  }

  detach(): void {
    if (!this.#attached) return
    this.unpin()
    // Others may hold the link, too (a pin of another name): detached for all of them, where the kernel can (5.9).
    if (this.#attachment.fd !== undefined) bpf(ATTR.linkDetach, { link_fd: this.#attachment.fd })
    this.close()
  }

  close(): void {
    if (!this.#attached) return
    this.#attached = false
    unguardLeak(this)
    const { fd, release } = this.#attachment
    if (fd !== undefined) closeFd(fd)
    release?.()
    for (const callback of this.#ended) callback()
    this.#ended.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #checkAttached(what: string): void {
    if (!this.#attached) throw new TypeError(`the ${this.kind} attachment has ended and cannot be given ${what}`)
  }

  #linkFd(what: string): number {
    this.#checkAttached(`be ${what}`)
    const { fd } = this.#attachment
    if (fd === undefined)
      throw new TypeError(`a ${this.kind} attachment is no BPF link and cannot be ${what}; attach({ via: 'link' })`)
    return fd
  }
}

const CANNOT_UPDATE = (kind: string) => {
  const text = `a ${kind} link cannot change its program, or this one is of another type; attach it besides and detach the first`
  return { EINVAL: text, EOPNOTSUPP: text, ENOTSUPP: text }
}

/** BPF_LINK_UPDATE; 0 or a negative errno. */
export function updateLink(fd: number, programFd: number): number {
  return bpf(ATTR.linkUpdate, { link_fd: fd, new_prog_fd: programFd })
}

/** An attachment that is no BPF link: `release` undoes it. */
export function makeLink(kind: string, release: () => void, replace?: (programFd: number) => void): KernelLink {
  return new KernelLink({ kind, release, replace })
}

/** A link that the kernel keeps as long as its descriptor is open. */
export function fdLink(kind: string, fd: number): KernelLink {
  return new KernelLink({ kind, fd })
}

/** Several attachments that are one to the caller (an event on every CPU). */
export function groupLink(kind: string, links: readonly KernelLink[]): KernelLink {
  return new KernelLink({
    kind,
    release: () => {
      for (const link of links) link.detach()
    },
  })
}

export interface LinkTarget {
  readonly programFd: number
  /** File descriptor or interface index. */
  readonly target: number
  readonly attachType: number
  readonly flags?: number | undefined
}

/** BPF_LINK_CREATE; a file descriptor or a negative errno. */
export function createLink({ programFd, target, attachType, flags }: LinkTarget): number {
  return bpf(ATTR.linkCreate, { prog_fd: programFd, target, attach_type: attachType, flags })
}
