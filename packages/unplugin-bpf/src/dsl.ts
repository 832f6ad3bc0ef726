/** `unplugin-bpf/dsl`: what a `.bpf.ts` file is written with. */
export * from '@unplugin-bpf/core/dsl'
