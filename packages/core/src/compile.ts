/**
 * The pipeline, top to bottom. Everything a compilation does is called from here.
 *
 *   text --lisp--> Module of core forms --typed--> checked forms --ssa/build--> Func --opt--> Func
 *        --backend--> insns + relocations --object--> BpfObject --elf--> bytes
 */
import { lowerFunc } from './backend/lower.ts'
import { disasmProgram } from './bpf/disasm.ts'
import type { Diagnostic } from './diag/diagnostic.ts'
import { Abort, Bag, CompileError } from './diag/diagnostic.ts'
import type { SourceFile } from './diag/source.ts'
import type { Module, ProgramDecl } from './forms/module.ts'
import type { Host } from './host.ts'
import { readModule } from './lisp/read-module.ts'
import { buildObject } from './object/build.ts'
import type { BpfObject, MachineCode } from './object/object.ts'
import { toElf } from './object/to-elf.ts'
import { optimize } from './opt/pipeline.ts'
import type { CompileOptions } from './options.ts'
import { DEFAULT_OPTIONS } from './options.ts'
import { buildFunc } from './ssa/build.ts'
import { printFunc } from './ssa/print.ts'
import { checkProgram } from './typed/check.ts'
import { inferTypes } from './typed/infer.ts'

export interface CompileResult {
  readonly module: Module
  readonly object: BpfObject
  readonly elf: Uint8Array
  readonly warnings: readonly Diagnostic[]
}

/** Compiles a `.bpf.lisp` text. @throws CompileError with every diagnostic of the run. */
export function compileLisp(file: SourceFile, host: Host = {}, options: Partial<CompileOptions> = {}): CompileResult {
  const full = { ...DEFAULT_OPTIONS, ...options }
  const bag = new Bag()
  const module = readModule(file, host, full, bag)
  return compileModule(module, full, bag)
}

/** Compiles core forms, wherever they come from. @throws CompileError with every diagnostic of the run. */
export function compileModule(module: Module, options: Partial<CompileOptions> = {}, bag = new Bag()): CompileResult {
  const full = { ...DEFAULT_OPTIONS, ...options }
  const code = new Map<ProgramDecl, MachineCode>()
  for (const program of module.programs) {
    const machineCode = compileProgram(program, full, bag)
    if (machineCode) code.set(program, machineCode)
  }
  throwErrors(bag)
  const object = buildObject(module, code)
  return { module, object, elf: toElf(object), warnings: bag.diagnostics }
}

/** Undefined when the program has errors, which are in the bag then; the other programs still get checked. */
function compileProgram(program: ProgramDecl, options: CompileOptions, bag: Bag): MachineCode | undefined {
  const trace = (stage: string, print: () => string) => options.trace?.({ stage, program: program.name, print })
  const own = new Bag()
  try {
    const typing = inferTypes(program, own)
    checkProgram(program, typing, own)
    if (own.hasErrors) return undefined

    const fn = buildFunc(program, typing, options)
    trace('ssa', () => printFunc(fn))
    optimize(fn, options)
    const code = lowerFunc(fn, options)
    trace('asm', () => disasmProgram(code.insns))
    return code
  } catch (error) {
    if (!(error instanceof Abort)) throw error
    own.add(error.diagnostic)
    return undefined
  } finally {
    for (const diagnostic of own.diagnostics) bag.add(diagnostic)
  }
}

function throwErrors(bag: Bag): void {
  if (bag.hasErrors) throw new CompileError(bag.diagnostics)
}
