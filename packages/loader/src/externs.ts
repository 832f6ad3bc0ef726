/**
 * What programs ask of the running kernel by name: its configuration (/proc/config.gz, /boot/config-RELEASE), its version,
 * and its symbols (BTF, /proc/kallsyms). Each source is read once per process, and only when a program asks.
 */
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { gunzipSync } from 'node:zlib'
import { type BpfObject, type KsymReference, type ProgramSpec, withKconfig } from '@unplugin-bpf/core/object'
import { nearName } from '@unplugin-bpf/core/runtime'
import { kernelBtf } from './kernel-btf.ts'
import { atLeast } from './system-state.ts'

/** Fills the object's `.kconfig`; `extra`: values that count before the kernel's (`{ CONFIG_HZ: '250' }`). */
export function resolveKconfig(object: BpfObject, extra: Readonly<Record<string, string>> = {}): BpfObject {
  if (object.kconfig === undefined) return object
  const textOf = (name: string) => {
    if (Object.hasOwn(extra, name)) return extra[name]
    return name.startsWith('CONFIG_') ? kernelConfig().get(name) : virtualValue(name)
  }
  return withKconfig(object, textOf, (name) => nearName(name, kernelConfig().keys()))
}

/** Variables that are no options (bpf_object__resolve_externs in libbpf). */
function virtualValue(name: string): string | undefined {
  switch (name) {
    case 'LINUX_KERNEL_VERSION':
      return String(versionCode(release()))
    case 'LINUX_HAS_BPF_COOKIE':
      return atLeast(release(), '5.15') ? '1' : '0'
    case 'LINUX_HAS_SYSCALL_WRAPPER':
      // Both architectures have them since 4.17 and 4.19, before the first kernel with BTF.
      return atLeast(release(), '4.19') ? '1' : '0'
    default:
      return undefined
  }
}

/** KERNEL_VERSION(a, b, c): the last number has one byte (include/linux/version.h). */
export function versionCode(text: string): number {
  const [major = 0, minor = 0, patch = 0] = text.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0)
  return (major << 16) + (minor << 8) + Math.min(patch, 255)
}

let config: ReadonlyMap<string, string> | undefined

/** Options that are set. */
function kernelConfig(): ReadonlyMap<string, string> {
  config ??= parseConfig(readConfig())
  return config
}

export function parseConfig(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]))
}

function readConfig(): string {
  try {
    return gunzipSync(readFileSync('/proc/config.gz')).toString('utf8')
  } catch {
    const path = `/boot/config-${release()}`
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      throw new Error(
        `the program asks for options of the kernel (__kconfig), but neither /proc/config.gz nor ${path} can be read; give them with the option \`kconfig\``,
        { cause: error },
      )
    }
  }
}

/** BTF id or address; undefined for a weak symbol that is missing, which programs see as 0. */
export function findKsym(program: ProgramSpec, { symbol, weak, typed }: KsymReference): bigint | undefined {
  const id = typed ? kernelBtf().findId('var', symbol) : undefined
  const found = typed ? (id === undefined ? undefined : BigInt(id)) : kernelSymbols().get(symbol)
  if (found !== undefined || weak) return found
  throw new Error(
    `program "${program.name}" refers to the kernel symbol ${symbol}, which ${typed ? "this kernel's BTF" : '/proc/kallsyms'} does not have (variables are listed only with CONFIG_KALLSYMS_ALL); declare it __weak to see 0 instead`,
  )
}

let symbols: ReadonlyMap<string, bigint> | undefined

/** Addresses of all symbols; 0 without CAP_SYSLOG (kernel.kptr_restrict). */
function kernelSymbols(): ReadonlyMap<string, bigint> {
  symbols ??= new Map(
    [...readFileSync('/proc/kallsyms', 'utf8').matchAll(/^([0-9a-f]+) \S (\S+)/gm)].map(([, address, name]) => [
      name!,
      BigInt(`0x${address}`),
    ]),
  )
  return symbols
}
