/**
 * A ring buffer at full rate: a child process calls getpgid as fast as it can, a program on that tracepoint, for that
 * process alone, reserves a record per call. Prints what was produced, consumed and refused, and how many per second.
 * Arguments: OBJECT (test/bench/c/loader/maps.bpf.c), how many events, MiB of the ring (1). Mounts tracefs where there is none: run
 * it with `unshare --mount`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { withConstants } from '../../../packages/core/src/object/constants.ts'
import { fromElf } from '../../../packages/core/src/object/from-elf.ts'
import { codecFor } from '../../../packages/core/src/runtime/codec.ts'
import { createHandles } from '../../../packages/core/src/runtime/object-handle.ts'
import type { RingBuffer } from '../../../packages/core/src/runtime/types.ts'
import { u64 } from '../../../packages/core/src/types/types.ts'
import { loadKernelObject } from '../../../packages/loader/src/index.ts'
import { nodeCommand, run } from './netns.ts'

const [path, count, mebibytes] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4] ?? 1)]
if (!existsSync('/sys/kernel/tracing/events')) run('mount', '-t', 'tracefs', 'tracefs', '/sys/kernel/tracing')
const child = startProducer()
try {
  await once(child, 'message')
  console.log(JSON.stringify(await consume(child)))
} finally {
  child.kill()
}

/** Waits for a message, then makes the calls. */
function startProducer(): ChildProcess {
  const [node, ...args] = nodeCommand(`${import.meta.dirname}/getpgid-script.ts`)
  return spawn(node!, [...args, String(count)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

async function consume(producer: ChildProcess) {
  const pid = new Uint8Array(new Uint32Array([producer.pid!]).buffer)
  const given = withConstants(fromElf(new Uint8Array(readFileSync(path))), [{ name: 'target', bytes: pid }])
  const size = mebibytes * 2 ** 20
  const maps = given.maps.map((map) => (map.name === 'events' ? { ...map, maxEntries: size } : map))
  const object = { ...given, maps }
  const loaded = createHandles(loadKernelObject(object), {
    name: 'million',
    maps: { events: { name: 'events', kind: 'ringbuf' } },
    programs: {},
    globals: { produced: { name: 'produced', value: codecFor(u64) } },
  })
  try {
    loaded.raw.programs.get('on_getpgid')!.attach({})
    const { events } = loaded.maps as { events: RingBuffer<Uint8Array> }
    let done = false
    producer.once('message', () => {
      done = true
    })
    const begin = process.hrtime.bigint()
    producer.send('go')
    let consumed = 0
    using cursor = events.cursor()
    for (;;) {
      // Asked before the ring is read: what was produced by then is in it.
      const last = done
      while (cursor.next()) consumed++
      if (last) break
      await new Promise((resolve) => setImmediate(resolve))
    }
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9
    const { produced } = loaded.globals as { produced: bigint }
    return { produced: Number(produced), consumed, refused: events.lost, perSecond: Math.round(count / seconds) }
  } finally {
    loaded.close()
  }
}
