/**
 * Fixed places in the arena where the machine and translated programs meet: byte offsets from `Memory.cells`. Pointers
 * are 64-bit numbers as programs see them, low word first.
 */
export const CELL = {
  /** u64: instructions that the run may still execute. */
  left: 0,
  /** u32: BPF-to-BPF call depth. */
  depth: 8,
  /** u32: the CPU that the program runs on. */
  cpu: 12,
  /** u32: address of the region table, and how many rows it has. */
  table: 16,
  rows: 20,
  /** u64: what the host gives back for a load that only it can do. */
  scratch: 24,
  /** Pointer to the context. */
  context: 32,
  /** Pointer to the first accessible byte of the packet. */
  packet: 40,
  /** Four u64: how many bytes of the packet an access of 1, 2, 4, 8 bytes may begin at. */
  limits: 48,
  /** What `data_meta`, `data`, `data_end` of the context read as; 0 without a packet. */
  packetMeta: 80,
  packetData: 88,
  packetEnd: 96,
  /** One pointer for each call frame: its r10. */
  frames: 104,
} as const

/** Room for `frames` included. */
export const CELL_BYTES = CELL.frames + 8 * 8

/** Offset of the limit for accesses of `size` bytes. */
export function limitCell(size: number): number {
  return CELL.limits + 8 * (31 - Math.clz32(size))
}
