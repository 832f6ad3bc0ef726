/** Functions of executable files and libraries, as the kernel names a uprobe: a path and an offset in the file. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { arch } from 'node:process'
import { functionNames, symbolFileOffset } from './elf-symbol.ts'
import { globPattern, isGlob } from './kernel-functions.ts'
import { nearText } from './near-names.ts'

export interface UprobePlace {
  readonly path: string
  /** Bytes from the start of the file. */
  readonly offset: number
}

const MULTIARCH: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }

/**
 * The real path of a file: given with folders, as a library that the process `pid` has mapped, or as a name in the usual
 * folders of programs and libraries. The kernel compares inodes, so links are followed now.
 */
export function findFile(name: string, pid: number | undefined): string {
  if (name.includes('/')) return existing(name)
  const mapped = pid === undefined ? undefined : mappedFile(name, pid)
  if (mapped !== undefined) return existing(mapped)
  const multiarch = MULTIARCH[arch] ?? ''
  const folders = /\.so(\.|$)/.test(name)
    ? [`/lib/${multiarch}`, `/usr/lib/${multiarch}`, '/lib64', '/usr/lib64', '/lib', '/usr/lib', '/usr/local/lib']
    : (process.env.PATH ?? '').split(':')
  const folder = folders.find((path) => existsSync(`${path}/${name}`))
  if (folder === undefined) throw new Error(`there is no file ${name} in ${folders.join(', ')}`)
  return existing(`${folder}/${name}`)
}

function existing(path: string): string {
  if (!existsSync(path)) throw new Error(`there is no file ${path}`)
  if (!statSync(path).isFile()) throw new Error(`${path} is not a file`)
  return realpathSync(path)
}

function mappedFile(name: string, pid: number): string | undefined {
  try {
    const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')
    return lines.map((line) => line.slice(line.indexOf('/'))).find((path) => path.endsWith(`/${name}`))
  } catch {
    return undefined
  }
}

/** `what` is a function, a function with an offset (`open+0x10`), or an offset in the file (`0x1234`). */
export function functionOffset(path: string, what: string): number {
  if (/^(0x[0-9a-f]+|\d+)$/i.test(what)) return Number(what)
  const match = /^(.+?)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(what)!
  const file = readFileSync(path)
  const offset = symbolFileOffset(file, match[1]!)
  if (offset === undefined)
    throw new Error(
      `${path} has no function ${match[1]} in its symbol tables${nearText(match[1]!, functionNames(file))}`,
    )
  return offset + Number(match[2] ?? 0)
}

/** All functions that a pattern matches; a name without one is itself. */
export function functionOffsets(path: string, what: string): number[] {
  if (!isGlob(what)) return [functionOffset(path, what)]
  const file = readFileSync(path)
  const pattern = globPattern(what)
  const names = functionNames(file).filter((name) => pattern.test(name))
  if (names.length === 0) throw new Error(`${path} has no function that matches ${what}`)
  return names.flatMap((name) => symbolFileOffset(file, name) ?? [])
}
