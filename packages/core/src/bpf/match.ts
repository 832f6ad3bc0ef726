/** Finds the opcode row of an instruction; the rules about its fields are in tables/opcodes. */
import { type FieldRule, type OpcodeRow, rowsOfOpcode } from '../tables/opcodes.ts'
import type { Insn } from './insn.ts'

const FIELDS = ['dst', 'src', 'off', 'imm', 'immHigh'] as const
type FieldName = (typeof FIELDS)[number]

function obeys(rule: FieldRule | undefined, value: number | undefined): boolean {
  if (rule === undefined || value === undefined) return rule === value
  return rule === 'any' || (rule === 'reg' ? value <= 10 : rule.includes(value))
}

/** The row that the instruction is an instance of; undefined: illegal. */
export function opcodeRow(insn: Insn): OpcodeRow | undefined {
  return rowsOfOpcode(insn.opcode).find((row) => FIELDS.every((field) => obeys(row[field], insn[field])))
}

/** What is wrong with an instruction that has no row, for a message. */
export function illegalReason(insn: Insn): string {
  const rows = rowsOfOpcode(insn.opcode)
  const opcode = `opcode 0x${insn.opcode.toString(16).padStart(2, '0')}`
  if (rows.length === 0) return `${opcode} does not exist`
  // What was probably meant: fewest broken fields, then the one that agrees longest (src often selects the row).
  const broken = rows.map((row) => FIELDS.filter((field) => !obeys(row[field], insn[field])))
  const first = (fields: readonly FieldName[]) => FIELDS.indexOf(fields[0]!)
  const fields = broken.toSorted((a, b) => a.length - b.length || first(b) - first(a))[0]!
  return `${opcode}: ${fields.map((field) => fieldReason(field, insn)).join(', ')}`
}

function fieldReason(field: FieldName, insn: Insn): string {
  const names = {
    dst: 'destination register',
    src: 'source register',
    off: 'offset',
    imm: 'immediate',
    immHigh: 'upper half of the immediate',
  }
  return `${names[field]} ${insn[field]} is not allowed`
}
