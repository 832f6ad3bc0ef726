/** Options of the plugin, the same under every bundler. */
export interface Options {
  /** BPF instruction set level (default v3: every kernel since 5.1). */
  readonly cpu?: 'v1' | 'v2' | 'v3' | 'v4'
  /** BTF file of the kernel that programs are written for (default: /sys/kernel/btf/vmlinux, where there is one). */
  readonly btf?: string
  /**
   * Write the exact types of `x.bpf.lisp` beside it, as `x.bpf.d.lisp.ts` (default true). Needs
   * `"allowArbitraryExtensions": true` in tsconfig.json.
   */
  readonly types?: boolean
  /**
   * Compile programs inside ordinary modules, too: `object({ .. })` calls and lisp`..` templates (default true).
   */
  readonly inline?: boolean
  /**
   * Keeps the code of different source lines apart, so that traces and coverage of tests are exact; programs become a
   * few slots larger. Default: true under vitest, else false.
   */
  readonly exactLines?: boolean
  /** Milliseconds that the module level of a `.bpf.ts` may run at build time (default 5000). */
  readonly timeLimit?: number
}
