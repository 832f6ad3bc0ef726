/** Attaching with a pin: the attachment of an earlier run is taken over, replaced, or in the way. */

import { existsSync, readFileSync } from 'node:fs'
import { attachKindRow } from '@unplugin-bpf/core/object'
import { SyscallError } from '../errors.ts'
import { targetInterface } from '../interfaces.ts'
import { openPin } from '../pin.ts'
import { ERRNO } from '../sys/errno.ts'
import { dupFd } from '../sys/syscall.ts'
import { linkInfo } from './info.ts'
import { KernelLink, updateLink } from './link.ts'
import type { AttachRequest } from './request.ts'

type Attacher = (request: AttachRequest) => KernelLink

export function attachPinned(request: AttachRequest, path: string, attacher: Attacher): KernelLink {
  if (!existsSync(path)) return attachAndPin(request, path, attacher)
  const old = openPin(path)
  const taken = new KernelLink({ kind: 'pinned', fd: old }, path)
  try {
    checkIsLink(old, path)
    const adopted = request.options.onExisting === 'adopt' ? adopt(request, path, old) : 'no'
    // The same descriptor, under the name of its kind.
    if (adopted === 'yes') return new KernelLink({ kind: linkInfo(old).type, fd: dupFd(old) }, path)
    if (adopted === 'beside') {
      // No moment without a program: the new attachment first.
      const link = attacher(request)
      taken.unpin()
      return pinOrEnd(link, path)
    }
    if (!['replace', 'adopt'].includes(request.options.onExisting ?? 'fail')) throw inTheWay(request, path)
    taken.detach()
  } finally {
    taken.close()
  }
  return attachAndPin(request, path, attacher)
}

/** `no`: what the link was attached to has gone. `beside`: the kind cannot change its program, but allows several. */
function adopt({ spec, programFd, kind, options }: AttachRequest, path: string, old: number): 'yes' | 'beside' | 'no' {
  const row = attachKindRow(kind)
  const { type, ifindex } = linkInfo(old)
  const other = (what: string) => new TypeError(`program "${spec.name}" cannot take over ${path}: it is a link ${what}`)
  if (!(row.linkTypes as readonly string[]).includes(type))
    throw other(`of type ${type}, and ${spec.section} programs have ${row.linkTypes.join(', ') || 'none'}`)
  if (row.updateSince === undefined) return 'beside'
  // 0 after the interface has gone
  if (ifindex !== undefined && ifindex !== 0 && ifindex !== targetInterface(options, 'the program'))
    throw other(`to the interface with index ${ifindex}`)
  const result = updateLink(old, programFd)
  if (result >= 0) return 'yes'
  if (result === -ERRNO.ENOLINK) return 'no'
  throw new SyscallError(`put program "${spec.name}" into the link that is pinned at ${path}`, -result, {
    causes: { EINVAL: 'the link is attached in another way, or for another attach type' },
  })
}

function inTheWay({ spec }: AttachRequest, path: string): SyscallError {
  return new SyscallError(`attach program "${spec.name}" with the pin ${path}`, ERRNO.EEXIST, {
    causes: {
      EEXIST: `an attachment of an earlier run is pinned there; onExisting: 'adopt' takes it over, 'replace' ends it first`,
    },
  })
}

function attachAndPin(request: AttachRequest, path: string, attacher: Attacher): KernelLink {
  return pinOrEnd(attacher(request), path)
}

function pinOrEnd(link: KernelLink, path: string): KernelLink {
  try {
    link.pin(path)
    return link
  } catch (error) {
    link.detach()
    throw error
  }
}

/** The kernel shows what a descriptor is in its fdinfo. */
function checkIsLink(fd: number, path: string): void {
  if (!readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').includes('link_type:'))
    throw new TypeError(`attach option pin: ${path} is a pinned map or program, not a link`)
}
