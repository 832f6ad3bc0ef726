/** Runs in a mount namespace of its own with tracefs: forks are reported with the pids that the parent saw. Prints JSON. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { argv } from 'node:process'
import { loadFile } from '@unplugin-bpf/loader'

const TRACING = '/sys/kernel/tracing'
if (!existsSync(`${TRACING}/events`)) spawnSync('mount', ['-t', 'tracefs', 'tracefs', TRACING])
using loaded = loadFile(argv[2]!)
for (const program of loaded.programs.values()) program.attach({})
const { pid } = spawnSync('/bin/true')
readFileSync('/proc/version')
const key = new Uint8Array(new Uint32Array([pid]).buffer)
const value = loaded.maps.get('forks')!.lookup(key)?.slice() ?? new Uint8Array(24)
const opens =
  loaded.maps
    .get('opens')!
    .lookup(new Uint8Array(new Uint32Array([process.pid]).buffer))
    ?.slice() ?? new Uint8Array(16)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).split('\0')[0]!
console.log(
  JSON.stringify({
    parent: new DataView(value.buffer).getUint32(0, true) === process.pid,
    comm: text(value.subarray(8)),
    own: readFileSync('/proc/self/comm', 'utf8').trim(),
    opened: text(opens),
  }),
)
