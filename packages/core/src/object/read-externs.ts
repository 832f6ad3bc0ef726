/**
 * Variables that the loader provides: `extern int LINUX_KERNEL_VERSION __kconfig` and `extern const ... __ksym`. clang
 * lists them in DATASECs `.kconfig` and `.ksyms`, for which ELF has no section. As with libbpf
 * (bpf_object__collect_externs), the kconfig ones become a read-only map of one value; where each is in it is decided
 * here, by falling alignment, then by size and name.
 */
import type { Btf } from '../btf/reader.ts'
import type { BtfTypeId } from '../btf/types.ts'
import { BTF_INT } from '../btf/types.ts'
import { badObject } from '../bytes/reader.ts'
import type { ElfFile } from '../elf/format.ts'
import { STB } from '../elf/format.ts'
import type { KconfigSpec, MapSpec } from './object.ts'

export const KCONFIG_SECTION = '.kconfig'
/** BPF_F_RDONLY_PROG and BPF_F_MMAPABLE, include/uapi/linux/bpf.h. */
const FLAGS = (1 << 7) | (1 << 10)

export interface Externs {
  /** The map `.kconfig`; undefined when there is nothing to hold. */
  readonly map: MapSpec | undefined
  readonly kconfig: readonly KconfigSpec[]
  /** Kernel symbols by name; `typed` ones are found in BTF, the others in /proc/kallsyms. */
  readonly ksyms: ReadonlyMap<string, { readonly weak: boolean; readonly typed: boolean }>
}

export function readExterns(elf: ElfFile, btf: Btf | undefined): Externs {
  const weak = new Set(elf.symbols.filter(({ binding }) => binding === STB.WEAK).map(({ name }) => name))
  const kconfig = placeKconfig(btf ? variablesIn(btf, KCONFIG_SECTION) : [], weak)
  const ksyms = new Map<string, { weak: boolean; typed: boolean }>()
  for (const { name, type } of btf ? variablesIn(btf, '.ksyms') : [])
    ksyms.set(name, { weak: weak.has(name), typed: btf!.resolve(type).kind !== 'void' })
  return { map: kconfig.length === 0 ? undefined : kconfigMap(kconfig), kconfig, ksyms }
}

interface Variable {
  readonly name: string
  readonly type: BtfTypeId
  readonly form: KconfigSpec['form']
  readonly size: number
}

function variablesIn(btf: Btf, section: string): Variable[] {
  const { vars = [] } = btf.find('datasec', section) ?? {}
  return vars.flatMap((entry) => {
    const variable = btf.type(entry.type)
    if (variable.kind !== 'var') return []
    const { name, type } = variable
    if (section !== KCONFIG_SECTION) return [{ name, type, form: 'int' as const, size: 0 }]
    return [{ name, type, form: formOf(btf, name, type), size: btf.sizeOf(type) }]
  })
}

/** What values a variable takes, by its type (find_kcfg_type in libbpf). */
function formOf(btf: Btf, name: string, id: BtfTypeId): KconfigSpec['form'] {
  const type = btf.resolve(id)
  if (type.kind === 'int') {
    if (type.size > 8)
      throw badObject(`the variable ${name} has ${type.size} bytes; integers of __kconfig have at most 8`)
    if ((type.encoding & BTF_INT.bool) !== 0) return 'bool'
    return type.size === 1 ? 'char' : (type.encoding & BTF_INT.signed) !== 0 ? 'int' : 'unsigned'
  }
  if (type.kind === 'enum' && type.name === 'libbpf_tristate') return 'tristate'
  if (type.kind === 'array') {
    const element = btf.resolve(type.type)
    if (element.kind === 'int' && element.size === 1) return 'string'
  }
  throw badObject(
    `the variable ${name} is a ${type.kind}; __kconfig variables are integers, bool, enum libbpf_tristate or char arrays`,
  )
}

function placeKconfig(variables: readonly Variable[], weak: ReadonlySet<string>): KconfigSpec[] {
  const align = ({ form, size }: Variable) => (form === 'string' ? 1 : Math.max(1, size))
  const sorted = [...variables].sort((a, b) => align(b) - align(a) || a.size - b.size || (a.name < b.name ? -1 : 1))
  let end = 0
  return sorted.map((variable): KconfigSpec => {
    const offset = Math.ceil(end / align(variable)) * align(variable)
    end = offset + variable.size
    const { name, form, size } = variable
    return { name, form, size, offset, weak: weak.has(name) }
  })
}

function kconfigMap(kconfig: readonly KconfigSpec[]): MapSpec {
  const size = Math.max(...kconfig.map((each) => each.offset + each.size))
  return {
    name: KCONFIG_SECTION,
    type: 'array',
    keySize: 4,
    valueSize: size,
    maxEntries: 1,
    flags: FLAGS,
    data: { section: KCONFIG_SECTION, content: new Uint8Array(size), frozen: true },
  }
}
