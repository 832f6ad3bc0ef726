/** Tries to load an object; prints the error and whether the kernel is usable as JSON. */
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { counter } from './asm.ts'

const usable = kernelUsable()
const reason = usable.ok ? null : usable.reason
try {
  loadKernelObject(counter()).close()
  console.log(JSON.stringify({ error: null, reason }))
} catch (error) {
  const { name, code, message } = error as Error & { code: string }
  console.log(JSON.stringify({ error: { name, code, message }, reason }))
}
