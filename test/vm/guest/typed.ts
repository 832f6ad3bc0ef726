/** Runs in the guest: attaches the programs of typed.bpf.ts and prints what they saw, as its layout says. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { loadFile } from '@unplugin-bpf/loader'

const [object] = argv.slice(2) as [string]
using loaded = loadFile(object)
for (const program of loaded.programs.values()) program.attach({})

const { pid } = spawnSync('/bin/true')
writeFileSync('/tmp/abcdefg', '')
rmSync('/tmp/abcdefg')
readFileSync('/proc/version')

const bytes = loaded.maps.get('seen')!.lookup(new Uint8Array(4))!.slice()
const view = new DataView(bytes.buffer)
const text = (at: number): string => new TextDecoder().decode(bytes.subarray(at, at + 16)).split('\0')[0]!
const own = new Uint8Array(new Uint32Array([process.pid]).buffer)
console.log(
  JSON.stringify({
    self: process.pid,
    child: pid,
    dfd: view.getInt32(0, true),
    result: view.getInt32(4, true),
    exec: view.getInt32(8, true),
    parent: view.getInt32(12, true),
    name: text(16),
    comm: text(32),
    opens: Number(view.getBigUint64(48, true)),
    probed: Number(view.getBigUint64(56, true)),
    modes: view.getUint32(64, true),
    unlinks: Number(new DataView(loaded.maps.get('counts')!.lookup(own)!.slice().buffer).getBigUint64(0, true)),
  }),
)
