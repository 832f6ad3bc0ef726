/** Functions of the running kernel: which exist (kallsyms) and which can be probed (tracefs). */
import { existsSync, readFileSync } from 'node:fs'

/** The second is where it was before Linux 4.1, and still is a mount point with debugfs. */
const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']

/** Folder of the mounted tracefs; throws with the command that mounts it. */
export function tracefs(): string {
  const root = TRACEFS.find((path) => existsSync(`${path}/events`))
  if (root === undefined)
    throw new Error(`tracepoints need tracefs, which is not mounted: mount -t tracefs tracefs ${TRACEFS[0]}`)
  return root
}

let functions: ReadonlySet<string> | undefined

/** Names of /proc/kallsyms, text symbols only; read once, 10 MB. */
export function kernelFunctions(): ReadonlySet<string> {
  const lines = () => readFileSync('/proc/kallsyms', 'latin1').matchAll(/^[0-9a-f]+ [tTwW] (\S+)/gm)
  functions ??= new Set(Array.from(lines(), (match) => match[1]!))
  return functions
}

/** Those that ftrace can hook; a list of 50,000 to 100,000. */
export function traceableFunctions(): string[] {
  const list = readFileSync(`${tracefs()}/available_filter_functions`, 'latin1')
  return list.split('\n').flatMap((line) => (line === '' || line.includes('[') ? [] : [line.split(' ')[0]!]))
}

/** `tcp_*` and `?` as in a shell. */
export function globPattern(glob: string): RegExp {
  const escaped = glob.replaceAll(/[.+^${}()|\\]/g, String.raw`\$&`)
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`)
}

export function isGlob(text: string): boolean {
  return /[*?[]/.test(text)
}
