/**
 * Iterators: the program runs once for every object of a kind (tasks, maps, sockets, elements of a map), and what it
 * writes with bpf_seq_write and bpf_seq_printf is read from a descriptor. Each descriptor is one walk.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { ATTACH_TYPE_IDS } from '@unplugin-bpf/core/object'
import type { AttachOptions, IteratorLink } from '@unplugin-bpf/core/runtime'
import { checkSyscall, SyscallError } from '../errors.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { concat } from '../sys/netlink.ts'
import { KernelLink } from './link.ts'
import { type AttachRequest, explain } from './request.ts'

/** The kernel fills a buffer of 8 pages at a time (bpf_seq_read, kernel/bpf/bpf_iter.c). */
const CHUNK = 32 * 1024

class KernelIterator extends KernelLink implements IteratorLink {
  *#chunks(): Generator<Uint8Array> {
    if (this.fd === undefined) throw new TypeError('the iterator is closed')
    const walk = checkSyscall(bpf(ATTR.iterCreate, { link_fd: this.fd }), 'begin a walk of an iterator')
    try {
      const chunk = new Uint8Array(CHUNK)
      for (let length = readSync(walk, chunk); length > 0; length = readSync(walk, chunk)) yield chunk.slice(0, length)
    } finally {
      closeSync(walk)
    }
  }

  bytes(): Uint8Array {
    return concat(...this.#chunks())
  }

  text(): string {
    return new TextDecoder().decode(this.bytes())
  }

  /** Gives the event loop a turn between chunks. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    const decoder = new TextDecoder()
    for (const chunk of this.#chunks()) {
      const text = decoder.decode(chunk, { stream: true })
      if (text !== '') yield text
      await new Promise((resolve) => setImmediate(resolve))
    }
    const rest = decoder.decode()
    if (rest !== '') yield rest
  }
}

export function attachIterator({ spec, programFd, options }: AttachRequest): KernelIterator {
  const { info, close } = encodeInfo(options)
  try {
    const fd = bpf(ATTR.linkCreateIter, {
      prog_fd: programFd,
      attach_type: ATTACH_TYPE_IDS.TRACE_ITER,
      ...(info && { iter_info: info, iter_info_len: info.length }),
    })
    if (fd >= 0) return new KernelIterator({ kind: 'iter', fd })
    throw new SyscallError(
      `attach program "${spec.name}" (${spec.section})`,
      -fd,
      explain('iter', {
        EBADF: 'walking the elements of a map needs the map: attach({ map })',
        EINVAL: 'this iterator takes other options than these (map, task, cgroup), or the kernel is older than them',
        ESRCH: 'there is no such task',
        EACCES: 'the program reads more of a key or value than the map has',
      }),
    )
  } finally {
    close()
  }
}

/** union bpf_iter_link_info (include/uapi/linux/bpf.h): { map_fd }, { order, cgroup_fd, id u64 } or { tid, pid, pid_fd }. */
function encodeInfo({ map, task, cgroup }: AttachOptions): { readonly info?: Uint8Array; close(): void } {
  const words = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer)
  const close = () => {}
  if (map !== undefined) {
    if (map.fd === undefined) throw new TypeError('attach option map: a map that is loaded into the kernel')
    return { info: words(map.fd), close }
  }
  if (task !== undefined) return { info: 'tid' in task ? words(task.tid, 0, 0) : words(0, task.pid, 0), close }
  if (cgroup !== undefined) {
    const fd = openSync(cgroup, constants.O_RDONLY | constants.O_DIRECTORY)
    // BPF_CGROUP_ITER_DESCENDANTS_PRE: the group, then those below it.
    return { info: words(2, fd, 0, 0), close: () => closeSync(fd) }
  }
  return { close }
}
