/**
 * From a path on disk to a compiled program: the one place of this package that reads sources. The plugin and every
 * command of the CLI come through here, so that all of them see the same diagnostics.
 */
import { readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import {
  CompileError,
  type CompileOptions,
  type CompileResult,
  compileLisp,
  type Diagnostic,
  type Host,
  sourceFile,
} from '@unplugin-bpf/core'
import { kernelData } from './kernel-data.ts'

export interface CompiledFile extends CompileResult {
  /** Absolute path. */
  readonly path: string
}

export interface FileOptions extends Partial<CompileOptions> {
  /** File with the BTF of the kernel that programs are written for; default: that of this machine. */
  readonly btf?: string | undefined
}

/** @throws CompileError, also when the file cannot be read. `path` may be relative to the working directory. */
export function compileFile(path: string, options: FileOptions = {}): CompiledFile {
  const absolute = resolve(path)
  const text = readSource(absolute)
  const { btf, ...rest } = options
  const result = compileLisp(sourceFile(displayName(absolute), text), { ...host, ...kernelData(btf) }, rest)
  return { ...result, path: absolute }
}

/** How messages name a file: relative to the working directory when it lies below it. */
export function displayName(path: string): string {
  const name = relative(process.cwd(), path)
  return name.startsWith('..') || isAbsolute(name) ? path : name.replaceAll('\\', '/')
}

/** Reads `(load "./macros.lisp")` and `(include ...)`, relative to the file that says it. */
export const host: Host = {
  readText(path, from) {
    const absolute = resolve(dirname(resolve(from)), path)
    try {
      return { name: displayName(absolute), text: readFileSync(absolute, 'utf8') }
    } catch {
      return undefined
    }
  },
}

/** @throws CompileError */
export function readSource(path: string): string {
  try {
    if (statSync(path).isDirectory()) throw failure(`${displayName(path)} is a folder, a source file was expected`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof CompileError) throw error
    const code = (error as NodeJS.ErrnoException).code
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EACCES' ? 'permission denied' : String(code ?? error)
    throw failure(`cannot read ${displayName(path)}: ${reason}`)
  }
}

function failure(message: string): CompileError {
  const diagnostic: Diagnostic = { code: 'missing-file', severity: 'error', message, notes: [] }
  return new CompileError([diagnostic])
}
