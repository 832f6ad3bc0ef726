/** Public entry `@unplugin-bpf/core/vm`: re-exports only. */
export {}
