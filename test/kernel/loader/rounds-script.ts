/**
 * Rounds of loading, attaching and closing; prints descriptors, memory and kernel objects before and after.
 * Argument: how many.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { asmObject, mapSpec } from '../../support/asm-object.ts'

const usable = kernelUsable()
if (!usable.ok) throw new Error(usable.reason)
const rounds = Number(process.argv[2])
const text = `*(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = map counts
  call bpf_map_lookup_elem
  r0 = 0
  exit`
const object = asmObject({ on_exit: { text, type: 'raw_tracepoint', section: 'raw_tp/sched_process_exit' } }, [
  mapSpec('counts', 'array'),
  mapSpec('flows', 'hash', { maxEntries: 128 }),
  mapSpec('events', 'ringbuf', { keySize: 0, valueSize: 0, maxEntries: 4096 }),
])

function round(): void {
  const loaded = loadKernelObject(object)
  loaded.programs.get('on_exit')!.attach({ target: 'sched_process_exit' })
  loaded.maps.get('events')!.ring!.drain(() => {}, 1)
  loaded.close()
  loaded.close()
}

/** Descriptors of this process, and of those the kernel's BPF objects. */
function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** Kernel objects that this process holds, by name, as the kernel lists them. */
function kernelObjects(): number | undefined {
  try {
    const list = (what: string) => JSON.parse(execFileSync('bpftool', ['-j', what, 'show'], { encoding: 'utf8' }))
    const pid = process.pid
    type Entry = { pids?: { pid: number }[]; name?: string }
    const mine = (entries: Entry[]) => entries.filter((entry) => entry.pids?.some((each) => each.pid === pid)).length
    return mine(list('map')) + mine(list('prog')) + mine(list('link'))
  } catch {
    return undefined
  }
}

const memory = () => {
  globalThis.gc?.()
  return process.memoryUsage().rss / 2 ** 20
}

for (let i = 0; i < Math.min(rounds, 500); i++) round()
const before = { fds: descriptors(), rss: memory() }
for (let i = 0; i < rounds; i++) {
  round()
  // The loop frees what closing left to it.
  if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve))
}
const grownMiB = Number((memory() - before.rss).toFixed(1))
console.log(JSON.stringify({ rounds, fdsGrown: descriptors() - before.fds, grownMiB, kernelObjects: kernelObjects() }))
