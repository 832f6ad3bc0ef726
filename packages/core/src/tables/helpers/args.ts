/**
 * Constructors for the argument and result columns of helper rows, short so that a row reads like a C prototype. The
 * number after a name is the index of the argument that it belongs to.
 */
import type { PROG_TYPE_IDS } from '../generated/enums.ts'
import type { MapTypeName } from '../map-types.ts'

type ProgramTypeId = keyof typeof PROG_TYPE_IDS

/** Arguments. */
export const k = {
  int: <const N extends string>(name: N) => ({ kind: 'int', name }) as const,
  int32: <const N extends string>(name: N) => ({ kind: 'int', name, bits: 32 }) as const,
  ctx: () => ({ kind: 'ctx', name: 'ctx' }) as const,
  /** The context; in the given program types a socket. */
  ctxOrSocket: <const T extends readonly ProgramTypeId[]>(...socketIn: T) =>
    ({ kind: 'ctx', name: 'ctx', socketIn }) as const,
  /** A map of one of these kinds; any kind when none is given. */
  map: <const T extends readonly MapTypeName[]>(...types: T) =>
    (types.length === 0 ? { kind: 'map', name: 'map' } : { kind: 'map', name: 'map', types }) as {
      readonly kind: 'map'
      readonly name: 'map'
      readonly types?: T
    },
  key: (map: number) => ({ kind: 'mapKey', name: 'key', map }) as const,
  value: (map: number) => ({ kind: 'mapValue', name: 'value', map }) as const,
  /** Memory of as many bytes as argument `size` says. */
  read: <const N extends string>(name: N, size: number) => ({ kind: 'mem', name, access: 'read', size }) as const,
  readOrNull: <const N extends string>(name: N, size: number) =>
    ({ kind: 'mem', name, access: 'read', size, nullable: true }) as const,
  write: <const N extends string>(name: N, size: number) => ({ kind: 'mem', name, access: 'write', size }) as const,
  writeOrNull: <const N extends string>(name: N, size: number) =>
    ({ kind: 'mem', name, access: 'write', size, nullable: true }) as const,
  /** Memory of a fixed number of bytes. */
  readBytes: <const N extends string>(name: N, bytes: number) =>
    ({ kind: 'mem', name, access: 'read', bytes }) as const,
  writeBytes: <const N extends string>(name: N, bytes: number) =>
    ({ kind: 'mem', name, access: 'write', bytes }) as const,
  size: <const N extends string>(name: N) => ({ kind: 'size', name }) as const,
  sizeOrZero: <const N extends string>(name: N) => ({ kind: 'size', name, zero: true }) as const,
  constSize: <const N extends string>(name: N) => ({ kind: 'size', name, zero: true, constant: true }) as const,
  record: <const N extends string>(name: N) => ({ kind: 'record', name }) as const,
  address: <const N extends string>(name: N) => ({ kind: 'address', name }) as const,
  /** A pointer that the verifier knows by type. */
  typed: <const N extends string, const O extends string>(name: N, of: O) => ({ kind: 'typed', name, of }) as const,
}

/** Results. */
export const r = {
  /**
   * 0 or a count, or a negative error number. Also for helpers whose C prototype says `int`: the kernel sign-extends
   * their result (BPF_CALL_x, include/linux/filter.h).
   */
  long: { kind: 'int', bits: 64, signed: true },
  u32: { kind: 'int', bits: 32, signed: false },
  u64: { kind: 'int', bits: 64, signed: false },
  void: { kind: 'void' },
  valueOrNull: (map: number) => ({ kind: 'mapValueOrNull', map }) as const,
  recordOrNull: (size: number) => ({ kind: 'recordOrNull', size }) as const,
  /** Typed kernel pointer. */
  kernelPtr: <const O extends string>(of: O) => ({ kind: 'ptr', space: 'btf', nullable: false, of }) as const,
  kernelPtrOrNull: <const O extends string>(of: O) => ({ kind: 'ptr', space: 'btf', nullable: true, of }) as const,
} as const
