/** `unplugin-bpf`: the plugin for every bundler, and compiling from code. */
export { type CompiledFile, compileFile } from './compile-file.ts'
export { type CompiledSource, compileSource, emitSource, type SourceOptions } from './compile-source.ts'
export { type CompiledTs, compileBpfTs } from './compile-ts.ts'
export { unplugin } from './factory.ts'
export type { Options } from './options.ts'
