/**
 * What all attachments have in common: detaching happens once, however often it is asked for, and an object knows which
 * of its attachments still exist.
 */
import type { Link } from '@unplugin-bpf/core/runtime'
import { guardLeak, unguardLeak } from '../leak-guard.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { closeFd } from '../sys/syscall.ts'

/** A link whose `release` undoes the attachment. */
export function makeLink(kind: string, release: () => void): Link {
  let attached = true
  const link: Link = {
    kind,
    detach() {
      if (!attached) return
      attached = false
      unguardLeak(link)
      release()
    },
    [Symbol.dispose]() {
      link.detach()
    },
  }
  guardLeak(link, `a BPF attachment (${kind})`)
  return link
}

/** A link that the kernel keeps as long as its descriptor is open. */
export function fdLink(kind: string, fd: number): Link {
  return makeLink(kind, () => closeFd(fd))
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

/** Adds `link` to `links` until it is detached. */
export function trackLink(links: Set<Link>, link: Link): Link {
  const tracked: Link = {
    kind: link.kind,
    detach() {
      links.delete(tracked)
      link.detach()
    },
    [Symbol.dispose]() {
      tracked.detach()
    },
  }
  links.add(tracked)
  return tracked
}
