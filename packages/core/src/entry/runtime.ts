/** Public entry `@unplugin-bpf/core/runtime`: re-exports only. */
export {}
