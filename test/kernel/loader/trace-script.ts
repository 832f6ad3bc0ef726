/**
 * Runs in a mount namespace of its own, where it mounts tracefs if need be: counts with a tracing program while something happens
 * that it sees, detaches, and lets it happen again. Argument: the case's name. Prints JSON.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadKernelObject } from '@unplugin-bpf/loader'
import { counter } from './asm.ts'
import { run } from './netns.ts'

const spawn = () => {
  for (let i = 0; i < 3; i++) execFileSync('true')
}
/** Each looks for a socket on a closed port of our own namespace. */
const datagrams = () => {
  run('ip', 'link', 'set', 'lo', 'up')
  const code = `const s = require('dgram').createSocket('udp4'); let n = 3
    const send = () => s.send('x', 9, '127.0.0.1', () => (--n ? setTimeout(send, 2) : s.close())); s.on('error', () => {}); send()`
  execFileSync(process.execPath, ['-e', code])
}
const unlink = () => {
  for (let i = 0; i < 3; i++) {
    const file = join(tmpdir(), `ubpf-${process.pid}-${i}`)
    writeFileSync(file, '')
    unlinkSync(file)
  }
}
const askParent = () => {
  for (let i = 0; i < 3; i++) void process.ppid
}

const node = `${process.execPath}:uv_os_getppid`
const CASES = {
  tracepoint: {
    spec: {
      type: 'tracepoint',
      section: 'tracepoint/sched/sched_process_exec',
      attachTarget: 'sched/sched_process_exec',
    },
    happen: spawn,
    options: {},
  },
  raw_tracepoint: {
    spec: { type: 'raw_tracepoint', section: 'raw_tp/sched_process_exec', attachTarget: 'sched_process_exec' },
    happen: spawn,
    options: {},
  },
  tracing: {
    spec: {
      type: 'tracing',
      section: 'tp_btf/sched_process_exec',
      attachType: 'TRACE_RAW_TP',
      attachTarget: 'sched_process_exec',
    },
    happen: spawn,
    options: {},
  },
  fentry: {
    spec: { type: 'tracing', section: 'fentry/do_unlinkat', attachType: 'TRACE_FENTRY', attachTarget: 'do_unlinkat' },
    happen: unlink,
    options: {},
  },
  netns: { spec: { type: 'sk_lookup', section: 'sk_lookup', attachType: 'SK_LOOKUP' }, happen: datagrams, options: {} },
  kprobe: {
    spec: { type: 'kprobe', section: 'kprobe/do_unlinkat', attachTarget: 'do_unlinkat' },
    happen: unlink,
    options: {},
  },
  kretprobe: {
    spec: { type: 'kprobe', section: 'kretprobe/do_unlinkat', attachTarget: 'do_unlinkat' },
    happen: unlink,
    options: {},
  },
  uprobe: {
    spec: { type: 'kprobe', section: 'uprobe', attachTarget: undefined },
    happen: askParent,
    options: { target: node, pid: process.pid },
  },
  uretprobe: {
    spec: { type: 'kprobe', section: `uretprobe/${node}`, attachTarget: node },
    happen: askParent,
    options: { pid: process.pid },
  },
}

const { spec, happen, options } = CASES[process.argv[2] as keyof typeof CASES]
if (!existsSync('/sys/kernel/tracing/events')) run('mount', '-t', 'tracefs', 'tracefs', '/sys/kernel/tracing')
const base = counter()
// The counter returns 2, which sk_lookup and fentry do not allow: they want 1 (let it through) and 0.
const verdict = spec.section.startsWith('fentry') ? 0 : 1
const insns = base.programs[0]!.insns.map((insn) =>
  insn.opcode === 0xb7 && insn.dst === 0 ? { ...insn, imm: verdict } : insn,
)
const loaded = loadKernelObject({
  ...base,
  programs: [{ ...base.programs[0]!, insns, attachType: undefined, ...spec }],
})
const count = () =>
  Number(new DataView(loaded.maps.get('counts')!.lookup(new Uint8Array(4))!.buffer).getBigUint64(0, true))
try {
  const link = loaded.programs.get('counter')!.attach(options)
  happen()
  const counted = count()
  link.detach()
  const atDetach = count()
  happen()
  console.log(JSON.stringify({ kind: link.kind, counted, after: count() - atDetach }))
} finally {
  loaded.close()
}
