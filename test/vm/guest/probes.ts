/** Runs in the guest: attaches kprobe, fentry, fexit and LSM programs and prints what they saw. */
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

const records: string[] = []
const execs: number[] = []
loaded.maps.get('events')!.ring!.drain((record) => {
  const copy = record.slice()
  execs.push(new DataView(copy.buffer).getUint32(0, true))
  records.push(new TextDecoder().decode(copy.subarray(8)).split('\0')[0]!)
}, 100)
const counts = loaded.maps.get('counts')!
const value = (i: number) =>
  new DataView(counts.lookup(new Uint8Array([i, 0, 0, 0]))!.slice().buffer).getBigUint64(0, true)
console.log(
  JSON.stringify({
    pid,
    execs,
    comms: records,
    name: Buffer.from(value(0).toString(16).padStart(16, '0'), 'hex').reverse().toString('latin1').split('\0')[0],
    dfd: Number(BigInt.asIntN(64, value(1))),
    result: Number(BigInt.asIntN(64, value(2))),
    opens: Number(value(3)),
  }),
)
