/** Shape of scripts/input/kernel-*.json: what `extract` takes from a running kernel and `gen` turns into tables. */
export interface InputField {
  readonly name: string
  /** Bytes from the start of the struct. */
  readonly offset: number
  /** Width of the (element) scalar; absent for an embedded struct. */
  readonly bits?: number
  readonly signed?: true
  /** Declared as a pointer: an 8-byte slot that the verifier fills. */
  readonly pointer?: true
  /** Declared `__be16`/`__be32`: the bytes are in network order. */
  readonly net?: true
  /** Number of array elements. */
  readonly length?: number
  /** Name and size of an embedded struct. */
  readonly struct?: string
  readonly bytes?: number
}

export interface InputStruct {
  readonly size: number
  readonly fields: readonly InputField[]
}

/** Helper names that one program type may call; `gpl`: only from a GPL-compatible program. */
export interface InputHelpers {
  readonly free: readonly string[]
  readonly gpl: readonly string[]
}

export interface KernelInput {
  /** `6.18` */
  readonly kernel: string
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Decimal values of enumerators from anonymous and named enums. */
  readonly constants: Readonly<Record<string, string>>
  readonly structs: Readonly<Record<string, InputStruct>>
  /** By program type (`sched_cls`), or program type and attach type (`cgroup_sock_addr:CGROUP_INET4_BIND`). */
  readonly helpers: Readonly<Record<string, InputHelpers>>
}

/** As committed: one line per entry, so that a change shows as a small difference. */
export function inputText(input: KernelInput): string {
  const parts = [`"kernel": ${JSON.stringify(input.kernel)}`]
  for (const key of ['enums', 'constants', 'structs', 'helpers'] as const) {
    const lines = Object.entries(input[key]).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    parts.push(`${JSON.stringify(key)}: {\n${lines.join(',\n')}\n}`)
  }
  return `{\n${parts.join(',\n')}\n}\n`
}
