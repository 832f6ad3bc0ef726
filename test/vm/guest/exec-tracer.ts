/** Runs in the guest: the cookbook's exec tracer, and what it says of a program that this process starts. */
import { spawnSync } from 'node:child_process'
import { argv } from 'node:process'
import { loadFile } from '@unplugin-bpf/loader'

const [object] = argv.slice(2) as [string]
using loaded = loadFile(object)
loaded.programs.get('trace_exec')!.attach({})
const { pid } = spawnSync('/bin/true')

interface Exec {
  readonly pid: number
  readonly tgid: number
  readonly parent: number
  readonly comm: string
}
const execs: Exec[] = []
loaded.maps.get('events')!.ring!.drain((record) => {
  const bytes = record.slice()
  const view = new DataView(bytes.buffer)
  const [pid, tgid, parent] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [number, number, number]
  execs.push({ pid, tgid, parent, comm: new TextDecoder().decode(bytes.subarray(12)).split('\0')[0]! })
}, 100)
console.log(JSON.stringify({ self: process.pid, child: pid, execs }))
