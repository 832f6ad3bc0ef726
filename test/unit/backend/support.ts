/** Short cuts of the backend tests. */
import { lowerFunc } from '../../../packages/core/src/backend/lower.ts'
import { disasmInsn } from '../../../packages/core/src/bpf/disasm.ts'
import type { MapDecl } from '../../../packages/core/src/forms/module.ts'
import { buildObject } from '../../../packages/core/src/object/build.ts'
import type { MachineCode } from '../../../packages/core/src/object/object.ts'
import { toElf } from '../../../packages/core/src/object/to-elf.ts'
import type { CompileOptions } from '../../../packages/core/src/options.ts'
import { DEFAULT_OPTIONS } from '../../../packages/core/src/options.ts'
import type { Func } from '../../../packages/core/src/ssa/func.ts'
import { parseFunc } from '../../../packages/core/src/ssa/parse.ts'

export function lowerText(ssa: string, options: Partial<CompileOptions> = {}): MachineCode {
  return lowerFunc(parseFunc(ssa), { ...DEFAULT_OPTIONS, ...options })
}

/** `body` is the text of one function's blocks. */
export function lowerBody(body: string, options: Partial<CompileOptions> = {}): string[] {
  return disassemble(lowerText(`func p xdp {\n${body}\n}`, options))
}

export function disassemble(code: MachineCode): string[] {
  return code.insns.map(disasmInsn)
}

export function mapsOf(fn: Func): MapDecl[] {
  const maps = new Set<MapDecl>()
  for (const block of fn.blocks) {
    for (const inst of block.insts) if (inst.op === 'mapRef' || inst.op === 'mapValue') maps.add(inst.attr.map)
  }
  return [...maps]
}

export function elfOf(fn: Func, code: MachineCode): Uint8Array {
  const { span } = fn.program
  const module = { file: span.file, files: [span.file], license: 'GPL', structs: [], constants: [], maps: mapsOf(fn) }
  return toElf(buildObject({ ...module, programs: [fn.program] }, new Map([[fn.program, code]])))
}
