/**
 * The pipeline, top to bottom. Everything a compilation does is called from here.
 *
 *   text --lisp--> Module of core forms --typed--> checked forms --ssa/build--> Func --opt--> Func
 *        --backend--> insns + relocations --object--> BpfObject --elf--> bytes
 */
import { checkCallDepth } from './backend/call-depth.ts'
import { lowerFunc } from './backend/lower.ts'
import { disasmProgram } from './bpf/disasm.ts'
import { CompileError } from './diag/compile-error.ts'
import type { Diagnostic } from './diag/diagnostic.ts'
import { Abort, Bag } from './diag/diagnostic.ts'
import type { SourceFile } from './diag/source.ts'
import { globalPlaces, placeGlobals } from './forms/globals.ts'
import type { FunctionDecl, MapDecl, Module, ProgramDecl } from './forms/module.ts'
import { printProgram } from './forms/print.ts'
import type { Host } from './host.ts'
import { readModule } from './lisp/read-module.ts'
import { buildObject } from './object/build.ts'
import type { BpfObject, MachineCode } from './object/object.ts'
import { toElf } from './object/to-elf.ts'
import { optimize } from './opt/pipeline.ts'
import type { CompileOptions } from './options.ts'
import { DEFAULT_OPTIONS } from './options.ts'
import { buildFunc } from './ssa/build.ts'
import type { Func } from './ssa/func.ts'
import { printFunc } from './ssa/print.ts'
import { checkProgram } from './typed/check.ts'
import { directMaps } from './typed/direct-maps.ts'
import { checkFunctions } from './typed/functions.ts'
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
  for (const program of module.programs) {
    full.trace?.({ stage: 'forms', program: program.name, print: () => printProgram(program) })
  }
  const typings = new Map(module.programs.map((program) => [program, inferTypes(program, bag)]))
  for (const [program, typing] of typings) checkProgram(program, typing, bag)
  const functions = checkFunctions(typings, bag)
  throwErrors(bag)

  const direct = full.directElements
    ? directMaps([...typings.values(), ...functions.map((unit) => unit.typing)], module.maps)
    : new Set<MapDecl>()
  const sections = placeGlobals(module.globals ?? [])
  const globals = globalPlaces(sections)
  const code = new Map<ProgramDecl | FunctionDecl, MachineCode>()
  const lower = (key: ProgramDecl | FunctionDecl, build: () => Func): void => {
    try {
      code.set(key, lowerProgram(build(), full))
    } catch (error) {
      // Limits that only the backend sees (stack, jumps); the other programs are still compiled.
      if (!(error instanceof Abort)) throw error
      bag.add(error.diagnostic)
    }
  }
  for (const [program, typing] of typings) lower(program, () => buildFunc(program, typing, direct, { globals }))
  for (const { decl, program, typing } of functions)
    lower(decl, () => buildFunc(program, typing, direct, { globals, function: decl }))
  throwErrors(bag)
  checkCallDepth(module.programs, code, bag)
  throwErrors(bag)
  const object = buildObject(module, code, { functions, sections })
  return { module, object, elf: toElf(object), warnings: bag.diagnostics }
}

function lowerProgram(fn: Func, options: CompileOptions): MachineCode {
  const trace = (stage: string, print: () => string) => options.trace?.({ stage, program: fn.name, print })
  trace('ssa', () => printFunc(fn))
  optimize(fn, options)
  const code = lowerFunc(fn, options)
  trace('asm', () => disasmProgram(code.insns))
  return code
}

function throwErrors(bag: Bag): void {
  if (bag.hasErrors) throw new CompileError(bag.diagnostics)
}
