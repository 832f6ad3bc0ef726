/** `unplugin-bpf/packets`: Ethernet frames from fields, to run programs on in tests. */
export * from '@unplugin-bpf/core/packets'
