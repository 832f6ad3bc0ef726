/** Loading an object file (`.bpf.o`) of any compiler. */
import { readFileSync } from 'node:fs'
import { fromElf } from '@unplugin-bpf/core/object'
import { type KernelObject, type LoadOptions, loadKernelObject } from './kernel-object.ts'

export function loadFile(path: string, options: LoadOptions = {}): KernelObject {
  // A plain array: a Buffer's `slice` shares memory where a Uint8Array's copies.
  return loadKernelObject(fromElf(new Uint8Array(readFileSync(path)), path), options)
}
