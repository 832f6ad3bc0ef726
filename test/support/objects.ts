/** Modules and machine code made by hand: objects to test without a front end or a back end. */
import { type Insn, PSEUDO } from '../../packages/core/src/bpf/insn.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import type { MapDecl, Module, ProgramDecl } from '../../packages/core/src/forms/module.ts'
import { buildObject } from '../../packages/core/src/object/build.ts'
import type { BpfObject, LineInfo, MachineCode, Relocation } from '../../packages/core/src/object/object.ts'
import type { StructType, UnionType } from '../../packages/core/src/types/types.ts'

const file = sourceFile('hand.bpf.lisp', '(defmap hits)\n(defprog count)\n')
const span = { file, start: 0, end: 1 }

const insn = (opcode: number, dst: number, src = 0, off = 0, imm = 0): Insn => ({ opcode, dst, src, off, imm })
export const mov64Imm = (dst: number, imm: number) => insn(0xb7, dst, 0, 0, imm)
export const mov64Reg = (dst: number, src: number) => insn(0xbf, dst, src)
export const add64Imm = (dst: number, imm: number) => insn(0x07, dst, 0, 0, imm)
export const storeImm32 = (dst: number, off: number, imm: number) => insn(0x62, dst, 0, off, imm)
export const jeqImm = (dst: number, imm: number, off: number) => insn(0x15, dst, 0, off, imm)
export const atomicAdd64 = (dst: number, src: number, off: number) => insn(0xdb, dst, src, off, 0)
export const call = (id: number) => insn(0x85, 0, 0, 0, id)
export const exit = insn(0x95, 0)
export const loadMap = (dst: number): Insn => ({ ...insn(0x18, dst, PSEUDO.MAP_FD), immHigh: 0 })

export function line(slot: number, lineNumber: number, text = `line ${lineNumber}`): LineInfo {
  return { slot, file: file.name, text, line: lineNumber, column: 3 }
}

export function code(insns: readonly Insn[], more: Partial<MachineCode> = {}): MachineCode {
  return { insns, relocations: [], lines: [line(0, 1)], stackSize: 0, ...more }
}

export function returning(value: number): MachineCode {
  return code([mov64Imm(0, value), exit])
}

/** `(incf (getmap MAP 0))` and a verdict, as the back end would write it. */
export function counting(map: string, verdict: number): MachineCode {
  const relocations: Relocation[] = [{ kind: 'map', slot: 3, map }]
  const insns = [
    mov64Reg(2, 10),
    add64Imm(2, -4),
    storeImm32(10, -4, 0),
    loadMap(1),
    call(1),
    jeqImm(0, 0, 2),
    mov64Imm(1, 1),
    atomicAdd64(0, 1, 0),
    mov64Imm(0, verdict),
    exit,
  ]
  return code(insns, {
    relocations,
    lines: [line(0, 1, '  (incf (getmap hits 0))'), line(9, 2, '  XDP_PASS')],
    stackSize: 8,
  })
}

export function mapDecl(name: string, more: Partial<MapDecl> = {}): MapDecl {
  return {
    name,
    type: 'array',
    keySize: 4,
    valueSize: 8,
    keyType: undefined,
    valueType: undefined,
    maxEntries: 1,
    flags: 0,
    span,
    ...more,
  }
}

export interface HandProgram {
  readonly name: string
  readonly code: MachineCode
  readonly section?: string
  readonly type?: ProgramDecl['type']
  readonly attachType?: string
}

export interface HandObject {
  readonly programs: readonly HandProgram[]
  readonly maps?: readonly MapDecl[]
  readonly structs?: readonly (StructType | UnionType)[]
  readonly license?: string
}

export function handObject(hand: HandObject): BpfObject {
  const codes = new Map<ProgramDecl, MachineCode>()
  const license = hand.license ?? 'GPL'
  const programs = hand.programs.map((program): ProgramDecl => {
    const section = program.section ?? 'xdp'
    const declaration: ProgramDecl = {
      name: program.name,
      type: program.type ?? 'xdp',
      section,
      attachType: program.attachType ?? (section === 'xdp' ? 'XDP' : undefined),
      license,
      body: { kind: 'const', value: 0n, span },
      span,
    }
    codes.set(declaration, program.code)
    return declaration
  })
  const module: Module = {
    file,
    files: [file],
    license,
    structs: hand.structs ?? [],
    constants: [],
    maps: hand.maps ?? [],
    programs,
  }
  return buildObject(module, codes)
}
