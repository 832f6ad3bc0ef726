/** Public entry `@unplugin-bpf/core/object`: re-exports only. */
export {}
