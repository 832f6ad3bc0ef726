/** A worker reads a ring buffer until it is terminated, without closing anything. */
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { loadKernelObject } from '@unplugin-bpf/loader'
import {
  addImm,
  call,
  exit,
  HELPERS,
  loadMap,
  mapAt,
  mapSpec,
  movImm,
  movReg,
  object,
  program,
  store32,
} from './asm.ts'

if (isMainThread) {
  // A worker does not inherit the hooks that make Node read TypeScript.
  const code = `import('tsx/esm/api').then((tsx) => (tsx.register(), import(${JSON.stringify(import.meta.url)})))`
  const worker = new Worker(code, { eval: true, execArgv: ['--conditions=@unplugin-bpf/source'] })
  worker.once('message', async (count) => {
    console.log(`worker read ${count} records and was ended: ${await worker.terminate()}`)
  })
} else {
  const insns = [
    store32(10, -8, 1),
    store32(10, -4, 1),
    loadMap(1),
    movReg(2, 10),
    addImm(2, -8),
    movImm(3, 8),
    movImm(4, 0),
  ]
  const writer = program('writer', [...insns, call(HELPERS.ringbufOutput), movImm(0, 2), exit()], {
    relocations: [mapAt(2, 'events')],
  })
  const loaded = loadKernelObject(
    object([mapSpec('events', 'ringbuf', { keySize: 0, valueSize: 0, maxEntries: 4096 })], [writer]),
  )
  const ring = loaded.maps.get('events')!.ring!
  let count = 0
  ring.onReadable(() => {
    count += ring.drain(() => {}, 100)
    if (count >= 3) parentPort!.postMessage(count)
  })
  loaded.programs.get('writer')!.run({ data: new Uint8Array(64), repeat: 3 })
}
