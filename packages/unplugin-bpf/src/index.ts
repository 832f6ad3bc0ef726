/** `unplugin-bpf`: the plugin for every bundler, and compiling from code. */
export { type CompiledFile, compileFile } from './compile-file.ts'
export { unplugin } from './factory.ts'
export type { Options } from './options.ts'
