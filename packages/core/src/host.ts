/** What the outside may supply to the pure compiler. Every member is optional; errors say what would have been needed. */
export interface Host {
  /** Text of a file that `(load "x")` or `(include "x")` names, relative to `from`; undefined when there is none. */
  readonly readText?: (path: string, from: string) => { readonly name: string; readonly text: string } | undefined
  /**
   * The `.BTF` of the kernel that programs are written for (/sys/kernel/btf/vmlinux). Asked for only when a program names
   * kernel types; give the same array each time, and it is opened once.
   */
  readonly kernelBtf?: () => Uint8Array | undefined
  /** Values of names that the source does not define, as `defconstant` would. */
  readonly constants?: ReadonlyMap<string, bigint> | undefined
  /** Text of /sys/kernel/tracing/events/CATEGORY/EVENT/format; undefined when it cannot be read. */
  readonly tracepointFormat?: (category: string, event: string) => string | undefined
}
