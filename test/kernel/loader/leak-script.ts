/** Loses an object without closing it; the process prints the warning. Needs --expose-gc. */
import { setTimeout as wait } from 'node:timers/promises'
import { loadKernelObject } from '@unplugin-bpf/loader'
import { counter } from './asm.ts'

process.on('warning', (warning) => console.log(`${(warning as Error & { code?: string }).code}: ${warning.message}`))
loadKernelObject(counter('lost'))
loadKernelObject(counter('closed')).close()
for (let i = 0; i < 20; i++) {
  await wait(5)
  globalThis.gc?.()
}
