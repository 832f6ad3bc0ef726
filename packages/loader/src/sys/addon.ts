/**
 * Finds and loads the native addon (native/addon.c) on first use. Importing the package never touches it, so that code
 * which only mentions the loader works on any system; using a kernel elsewhere than on Linux says what is needed.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform, versions } from 'node:process'
import { fileURLToPath } from 'node:url'

export type Bytes = ArrayBufferView | ArrayBuffer

/** What addon.c exports; failures are negative errno values. */
export interface Addon {
  readonly attr: ArrayBuffer
  bpf(cmd: number, size: number): number
  bpfAt(cmd: number, address: number, size: number): number
  syscall(nr: number, ...args: readonly (number | Bytes | undefined)[]): number
  addressOf(bytes: Bytes): number
  mmap(length: number, prot: number, flags: number, fd: number, offset: number): ArrayBuffer | number
  munmap(buffer: ArrayBuffer): number
  pollStart(fd: number, callback: () => void): number
  pollStop(id: number): void
}

/** The kernel cannot be reached from this process at all: wrong system, or the addon does not load. */
export class KernelUnavailableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'KernelUnavailableError'
  }
}

/** Architectures for which the package has a prebuilt file (scripts/build-addon.mjs). */
const ARCHITECTURES = ['x64', 'arm64']

let loaded: Addon | undefined

export function addon(): Addon {
  loaded ??= loadAddon()
  return loaded
}

function loadAddon(): Addon {
  if (platform !== 'linux')
    throw new KernelUnavailableError(
      `loading a program into a kernel needs Linux, and this is ${platform}; on this system programs run in the VM (@unplugin-bpf/core/vm)`,
    )
  if (!ARCHITECTURES.includes(arch))
    throw new KernelUnavailableError(
      `@unplugin-bpf/loader has no native addon for linux-${arch}, only for ${ARCHITECTURES.map((a) => `linux-${a}`).join(' and ')}`,
    )
  const require = createRequire(import.meta.url)
  const path = addonPath(require)
  try {
    return require(path) as Addon
  } catch (error) {
    throw new KernelUnavailableError(
      `the native addon ${path} does not load in this runtime (${runtimeName()}): ${(error as Error).message}`,
      { cause: error },
    )
  }
}

/** Beside `dist/` or `src/`; when a bundler has moved this code, in the installed package. */
function addonPath(require: NodeJS.Require): string {
  const file = `prebuilt/linux-${arch}.node`
  for (const base of ['../', '../../']) {
    const path = fileURLToPath(new URL(base + file, import.meta.url))
    if (existsSync(path)) return path
  }
  try {
    return require.resolve(`@unplugin-bpf/loader/${file}`)
  } catch (error) {
    throw new KernelUnavailableError(
      `the native addon ${file} of @unplugin-bpf/loader is missing; keep the package external when bundling for Node`,
      { cause: error },
    )
  }
}

function runtimeName(): string {
  const other = ['bun', 'deno', 'electron'].find((name) => versions[name] !== undefined)
  return other === undefined ? `Node ${versions.node}` : `${other} ${versions[other]}`
}
