/** Addresses and facts of one VM that translated programs have as constants. */
import { CELL } from '../vm/cells.ts'
import type { Machine } from '../vm/machine.ts'
import type { VmMap } from '../vm/maps/map.ts'
import type { Region } from '../vm/memory.ts'

export interface Places {
  readonly machine: Machine
  readonly maps: readonly VmMap[]
  /** Helpers may be done in WebAssembly; false when a hook wants to see each. */
  readonly inlineHelpers: boolean
  /** The program type's context, where its fields are as plain as the table says. */
  readonly context: ContextPlaces | undefined
}

export interface ContextPlaces {
  readonly size: number
  /** Cell with what a pointer field at this offset reads as. */
  readonly pointerCells: ReadonlyMap<number, number>
  /** An access here would see a pointer field, which only a whole read may. */
  overlapsPointer(offset: number, size: number): boolean
}

export function cellAddress({ machine }: Places, cell: keyof typeof CELL): number {
  return machine.memory.cells + CELL[cell]
}

/** Address of the low or high word of a register in the machine's register file. */
export function registerAddress({ machine }: Places, register: number, half: 'lo' | 'hi'): number {
  return machine.registers[half] + 4 * register
}

/** Region whose pointers have this high word, of those that live as long as the VM. */
export function valueRegion({ maps }: Places, hi: number): Region | undefined {
  return maps.find((map) => map.values?.hi === hi)?.values
}

export function mapAt({ maps }: Places, lo: number, hi: number): VmMap | undefined {
  return maps.find((map) => map.pointer.hi === hi && (map.pointer.base | 0) === lo)
}
