/** `node exec-tracer.js`: prints every program that is started on this machine. Needs a kernel with kprobes. */
import tracer from './exec-tracer.bpf.lisp'
import { runUntilStopped } from './run-until-stopped.ts'

using obj = tracer.load()
using _link = obj.programs.traceExec.attach()
obj.maps.events.on(({ tgid, parent, comm }) => {
  const name = new TextDecoder().decode(comm).split('\0')[0]
  console.log(`${tgid} (child of ${parent}): execve called by ${name}`)
})
await runUntilStopped()
