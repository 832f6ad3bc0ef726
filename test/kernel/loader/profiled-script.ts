/** Loads a program that takes the verifier some milliseconds, and runs it for some more, 40 times. */
import { loadKernelObject } from '@unplugin-bpf/loader'
import { exit, movImm, object, program } from './asm.ts'

const long = object([], [program('long', [...Array.from({ length: 20000 }, () => movImm(0, 2)), exit()])])
let retval = 0
let rounds = 0
for (; rounds < 40; rounds++) {
  const loaded = loadKernelObject(long)
  retval = loaded.programs.get('long')!.run({ data: new Uint8Array(64), repeat: 200 }).retval
  loaded.close()
}
console.log(JSON.stringify({ rounds, retval }))
