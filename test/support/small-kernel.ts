import { BtfWriter } from '../../packages/core/src/btf/writer.ts'

/** BTF to compile programs against where there is no kernel's: task_struct with a nested struct, pointers and text. */
export function smallKernel(): Uint8Array {
  const w = new BtfWriter()
  const int = (name: string, size: number, encoding = 0) =>
    w.add({ kind: 'int', name, size, encoding, bits: size * 8, bitOffset: 0 })
  const [u32, u64, i32, char] = [int('unsigned int', 4), int('u64', 8), int('int', 4, 1), int('char', 1, 1)]
  const comm = w.add({ kind: 'array', name: '', type: char!, indexType: u32!, length: 16 })
  const text = w.add({ kind: 'ptr', name: '', type: char! })
  const at = (name: string, type: number, bytes: number) => ({ name, type, bitOffset: bytes * 8, bitSize: 0 })
  const se = w.add({ kind: 'struct', name: 'sched_entity', size: 16, members: [at('vruntime', u64!, 8)] })
  const mm = w.add({
    kind: 'struct',
    name: 'mm_struct',
    size: 16,
    members: [at('users', i32!, 0), at('path', text, 8)],
  })
  const mmPtr = w.add({ kind: 'ptr', name: '', type: mm })
  const members = [
    at('pid', i32!, 4),
    at('mm', mmPtr, 8),
    at('se', se, 16),
    at('comm', comm, 32),
    at('parent', mmPtr, 48),
  ]
  w.add({ kind: 'struct', name: 'task_struct', size: 64, members })
  return w.finish()
}
