/** Says that it is there, waits for a message, calls getpgid(0) as often as it was told, and says that it has. */
import process from 'node:process'
import { addon } from '../../../packages/loader/src/sys/addon.ts'

/** arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h */
const GETPGID = process.arch === 'x64' ? 121 : 155

const { syscall } = addon()
process.once('message', () => {
  for (let i = 0; i < Number(process.argv[2]); i++) syscall(GETPGID, 0)
  process.send!('done')
  process.disconnect()
})
process.send!('ready')
