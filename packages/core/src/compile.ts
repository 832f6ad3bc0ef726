/**
 * The pipeline, top to bottom. Everything a compilation does is called from here.
 *
 *   text --lisp--> Module of core forms --typed--> checked forms --ssa/build--> Func --opt--> Func
 *        --backend--> insns + relocations --object--> BpfObject --elf--> bytes
 */
import type { Diagnostic } from './diag/diagnostic.ts'
import type { SourceFile } from './diag/source.ts'
import type { Module } from './forms/module.ts'
import type { Host } from './host.ts'
import type { BpfObject } from './object/object.ts'
import type { CompileOptions } from './options.ts'

export interface CompileResult {
  readonly module: Module
  readonly object: BpfObject
  readonly elf: Uint8Array
  readonly warnings: readonly Diagnostic[]
}

/** Compiles a `.bpf.lisp` text. @throws CompileError with every diagnostic of the run. */
export declare function compileLisp(file: SourceFile, host?: Host, options?: Partial<CompileOptions>): CompileResult
