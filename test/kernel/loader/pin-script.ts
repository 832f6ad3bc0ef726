/** Runs in a mount namespace of its own: pins a map in a BPF file system that it mounts, and finds it again. Prints JSON. */
import { mkdirSync, readdirSync } from 'node:fs'
import { loadKernelObject } from '@unplugin-bpf/loader'
import { mapSpec, object } from './asm.ts'
import { run } from './netns.ts'

run('mount', '-t', 'bpf', 'bpf', '/mnt')
const pinRoot = '/mnt/own'
mkdirSync(pinRoot)
const pinned = (more = {}) => object([mapSpec('kept', 'hash', { pinning: 'byName', ...more })], [])
const failure = (action: () => void) => {
  try {
    action()
    return null
  } catch (error) {
    return (error as Error).message
  }
}

const key = new Uint8Array(4)
const first = loadKernelObject(pinned(), { pinRoot })
first.maps.get('kept')!.update(key, new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), 0)
first.close()
const files = readdirSync(pinRoot)
const second = loadKernelObject(pinned(), { pinRoot })
const found = [...second.maps.get('kept')!.lookup(key)!]
second.close()
const mismatch = failure(() => loadKernelObject(pinned({ valueSize: 16 }), { pinRoot }))
const nowhere = failure(() => loadKernelObject(pinned(), { pinRoot: '/mnt/missing' }))
const otherFs = failure(() => loadKernelObject(pinned(), { pinRoot: '/tmp' }))
console.log(JSON.stringify({ files, found, mismatch, nowhere, otherFs }))
