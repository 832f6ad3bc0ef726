/**
 * What the build machine's kernel says of itself, for programs that name kernel types or tracepoints. Both are read only
 * when a program asks, and the BTF (5 MB) once per process.
 */
import { readFileSync } from 'node:fs'
import { CompileError, type Host } from '@unplugin-bpf/core'

const VMLINUX = '/sys/kernel/btf/vmlinux'
/** tracefs, and where debugfs shows it on older systems. */
const TRACEFS = ['/sys/kernel/tracing/events', '/sys/kernel/debug/tracing/events']

const known = new Map<string, Uint8Array>()

/** `btf`: another kernel's, from a file. */
export function kernelData(btf: string | undefined): Pick<Host, 'kernelBtf' | 'tracepointFormat'> {
  return {
    kernelBtf: () => readBtf(btf ?? VMLINUX, btf === undefined ? 'optional' : 'required'),
    // Another kernel's types go with the shipped table rather than with this machine's events.
    ...(btf === undefined && { tracepointFormat }),
  }
}

function readBtf(path: string, need: 'optional' | 'required'): Uint8Array | undefined {
  const found = known.get(path)
  if (found) return found
  try {
    const bytes = new Uint8Array(readFileSync(path))
    known.set(path, bytes)
    return bytes
  } catch (error) {
    if (need === 'optional') return undefined
    const message = `cannot read the BTF file ${path}: ${(error as NodeJS.ErrnoException).code ?? error}`
    throw new CompileError([{ code: 'missing-file', severity: 'error', message, notes: [] }])
  }
}

function tracepointFormat(category: string, event: string): string | undefined {
  for (const folder of TRACEFS) {
    try {
      return readFileSync(`${folder}/${category}/${event}/format`, 'utf8')
    } catch {
      // Not mounted, not readable, or no such event: the next place, then the shipped table.
    }
  }
  return undefined
}
