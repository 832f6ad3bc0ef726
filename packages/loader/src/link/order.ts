/** Links with a place among the others of their attach point (kernel/bpf/mprog.c, 6.6). */
import type { AttachOptions, Link, ProgramReference } from '@unplugin-bpf/core/runtime'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import type { LinkTarget } from './link.ts'

/** include/uapi/linux/bpf.h */
const BPF_F = { BEFORE: 1 << 3, AFTER: 1 << 4, LINK: 1 << 13 } as const

/** A descriptor or a negative errno; without an order the link comes last. */
export function createOrderedLink(target: LinkTarget, order: AttachOptions['order']): number {
  const { flags, relative } = encodeOrder(order)
  return bpf(ATTR.linkCreateOrdered, {
    prog_fd: target.programFd,
    target: target.target,
    attach_type: target.attachType,
    flags: (target.flags ?? 0) | flags,
    ...(relative !== undefined && { relative }),
  })
}

/** `before` nobody is the first place, `after` nobody the last. */
function encodeOrder(order: AttachOptions['order']): { readonly flags: number; readonly relative?: number } {
  if (order === undefined) return { flags: 0 }
  if (order === 'first') return { flags: BPF_F.BEFORE }
  if (order === 'last') return { flags: BPF_F.AFTER }
  if (typeof order === 'object' && 'before' in order) return relativeTo(order.before, BPF_F.BEFORE)
  if (typeof order === 'object' && 'after' in order) return relativeTo(order.after, BPF_F.AFTER)
  throw new TypeError("attach option order is 'first', 'last', { before } or { after } with a link or program")
}

function relativeTo(
  other: Link | ProgramReference,
  place: number,
): { readonly flags: number; readonly relative: number } {
  const isLink = 'detach' in other
  if (other.fd === undefined)
    throw new TypeError(`attach option order: the ${isLink ? 'attachment' : 'program'} has no descriptor to name it by`)
  return { flags: place | (isLink ? BPF_F.LINK : 0), relative: other.fd }
}
