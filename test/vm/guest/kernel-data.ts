/** Runs in the guest: loads the given object through our loader and through libbpf (bpftool); prints what both read. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { argv } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadFile } from '@unplugin-bpf/loader'

const [object] = argv.slice(2) as [string]

interface Row {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

const u32 = (bytes: Uint8Array, at = 0) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true)

/** What the program saw of the process `pid`. */
function report(pid: number, rows: readonly Row[], answers: readonly Uint8Array[]) {
  const own = rows.find((row) => u32(row.key) === pid)?.value
  return {
    tgid: own && u32(own),
    parent: own && u32(own, 4),
    comm: own && new TextDecoder().decode(own.subarray(8)).split('\0')[0],
    answers: answers.map((value) => u32(value)),
  }
}

async function ours() {
  using loaded = loadFile(object)
  loaded.programs.get('switches')!.attach({})
  await sleep(300)
  const key = new Uint8Array(new Uint32Array([process.pid]).buffer)
  const value = loaded.maps.get('by_pid')!.lookup(key)?.slice()
  const answers = loaded.maps.get('answers')!
  const all = [0, 1, 2, 3, 4, 5].map((i) => answers.lookup(new Uint8Array([i, 0, 0, 0]))!.slice())
  return report(process.pid, value ? [{ key, value }] : [], all)
}

/** `["0x01", ...]` as bpftool prints bytes. */
const bytes = (list: readonly string[]): Uint8Array => Uint8Array.from(list, Number)

function bpftool(args: readonly string[]): { readonly pid: number; readonly stdout: string } {
  const { pid, status, stdout, stderr } = spawnSync('bpftool', ['-j', ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`bpftool ${args.join(' ')}: ${stdout}${stderr}`)
  return { pid, stdout }
}

/** A test run of the program is one of the process that asks for it: bpftool. */
function libbpf() {
  const pins = '/sys/fs/bpf/core'
  bpftool(['prog', 'loadall', object, pins, 'pinmaps', `${pins}_maps`])
  writeFileSync('/tmp/packet', new Uint8Array(64))
  const { pid } = bpftool(['prog', 'run', 'pinned', `${pins}/packet`, 'data_in', '/tmp/packet'])
  const dump = (map: string) =>
    JSON.parse(bpftool(['map', 'dump', 'pinned', `${pins}_maps/${map}`]).stdout) as { key: string[]; value: string[] }[]
  const rows = dump('by_pid').map((row) => ({ key: bytes(row.key), value: bytes(row.value) }))
  return {
    pid,
    ...report(
      pid,
      rows,
      dump('answers')
        .slice(0, 6)
        .map((row) => bytes(row.value)),
    ),
  }
}

const self = { pid: process.pid, parent: process.ppid, comm: readFileSync('/proc/self/comm', 'utf8').trim() }
console.log(JSON.stringify({ kernel: release(), self, ours: await ours(), libbpf: libbpf() }))
