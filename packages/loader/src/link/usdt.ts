/** USDT: a probe on every place of a static probe; the kernel counts its semaphore up while the link exists. */
import { readFileSync } from 'node:fs'
import { nearText } from '../near-names.ts'
import { usdtProbes } from '../usdt-notes.ts'
import { findFile } from '../user-function.ts'
import { probeEvent } from './kprobe.ts'
import { groupLink, type KernelLink } from './link.ts'
import { attachPerfEvent } from './perf-event.ts'
import { type AttachRequest, targetsOf } from './request.ts'

/** Upper half of a uprobe event's config: file offset of the semaphore (kernel/events/core.c, 4.20). */
const SEMAPHORE_SHIFT = 32n

/** A target is `/path/to/file:provider:name`; the first candidate that exists is taken. */
export function attachUsdt(request: AttachRequest): KernelLink {
  const { spec, options } = request
  const { path, places } = resolve(request)
  const source = probeEvent('uprobe', 'entry')
  const links: KernelLink[] = []
  try {
    for (const { offset, semaphore = 0 } of places)
      links.push(
        attachPerfEvent({
          request,
          name: 'usdt',
          event: {
            type: source.type,
            config: BigInt(source.config) | (BigInt(semaphore) << SEMAPHORE_SHIFT),
            config1: path,
            config2: offset,
            pid: options.pid,
          },
          operation: `attach program "${spec.name}" to the static probe at offset 0x${offset.toString(16)} of ${path}`,
          causes: { ESRCH: `there is no process ${options.pid}` },
        }),
      )
  } catch (error) {
    for (const link of links) link.close()
    throw error
  }
  return links.length === 1 ? links[0]! : groupLink('usdt', links)
}

function resolve(request: AttachRequest) {
  const { spec, options } = request
  const targets = targetsOf(request).map((target) => /^(.+):([^:]+):([^:]+)$/.exec(target))
  if (targets.length === 0 || targets.includes(null))
    throw new TypeError(
      `program "${spec.name}": attaching needs a file, a provider and a probe: attach({ target: '/usr/bin/x:provider:name' })`,
    )
  let known: string[] = []
  for (const [, file, provider, name] of targets as RegExpExecArray[]) {
    const path = findFile(file!, options.pid)
    const probes = usdtProbes(readFileSync(path))
    const places = probes.filter((probe) => probe.provider === provider && probe.name === name)
    if (places.length > 0) return { path, places }
    known = known.concat(probes.map((probe) => `${probe.provider}:${probe.name}`))
  }
  const [, file, provider, name] = targets[0]!
  const near = known.length === 0 ? '; it has no static probes at all' : nearText(`${provider}:${name}`, known)
  throw new Error(`program "${spec.name}": ${file} has no static probe ${provider}:${name}${near}`)
}
