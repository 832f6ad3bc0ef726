/**
 * Loose types for every `.bpf.lisp` import, for projects that do not generate the exact ones:
 * `/// <reference types="unplugin-bpf/client" />`.
 */
declare module '*.bpf.lisp' {
  import type { BpfModule } from 'unplugin-bpf/runtime'

  const prog: BpfModule<{
    // biome-ignore lint/suspicious/noExplicitAny: nothing is known without generated declarations
    maps: Record<string, any>
    // biome-ignore lint/suspicious/noExplicitAny: see above
    programs: Record<string, any>
    // biome-ignore lint/suspicious/noExplicitAny: see above
    structs: Record<string, any>
    constants: Record<string, number | bigint>
  }>
  export default prog
  export const elf: Uint8Array
  // biome-ignore lint/suspicious/noExplicitAny: see above
  export const structs: Record<string, any>
  export const constants: Record<string, number | bigint>
}
