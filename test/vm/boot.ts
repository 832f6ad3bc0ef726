/**
 * One boot of a guest per kernel, in which all scripts run one after another; both kernels at the same time. Scripts are
 * bundled first, because everything is ten times slower inside. A guest that cannot be had (no QEMU, no kernel, too slow
 * a machine) is a reason to skip, not a failure.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { compileLisp, type Host, sourceFile } from '@unplugin-bpf/core'
import { compileBpfTs } from '../../packages/unplugin-bpf/src/compile-ts.ts'
import { BUNDLES, bundleScripts } from '../support/bundle.ts'

const here = import.meta.dirname
const root = join(here, '..', '..')
const rig = process.env.UNPLUGIN_BPF_VM ?? join(homedir(), '.cache', 'unplugin-bpf-vm')
/** Seconds for a guest with everything that runs in it; an idle machine needs 40. */
const LIMIT = Number(process.env.UNPLUGIN_BPF_VM_SECONDS ?? 420)
/** What run (rig/) ends with when the command did not finish, or the guest did not live to say so. */
const FAILURES: Readonly<Record<number, string>> = {
  124: `the guest did not finish within ${LIMIT} s`,
  125: 'the guest did not start',
}

/** Scripts by name; those with a program get its object file. */
const SCRIPTS = {
  cases: { file: join(root, 'test/kernel/attach/run-cases.ts'), program: undefined },
  features: { file: join(here, 'guest/features.ts'), program: undefined },
  'kernel-data': { file: join(here, 'guest/kernel-data.ts'), program: join(here, 'guest/kernel-data.bpf.lisp') },
  probes: { file: join(here, 'guest/probes.ts'), program: join(here, 'guest/probes.bpf.lisp') },
  typed: { file: join(here, 'guest/typed.ts'), program: join(here, 'guest/typed.bpf.ts') },
  'exec-tracer': {
    file: join(here, 'guest/exec-tracer.ts'),
    program: join(root, 'playground/cookbook/exec-tracer.bpf.lisp'),
  },
} as const
export type ScriptName = keyof typeof SCRIPTS

/** What the scripts printed, or why there is no guest. */
export type Boot =
  | { readonly skipped: string }
  | { readonly outputs: ReadonlyMap<string, unknown>; readonly transcript: string }

/** @param version beginning of the kernel's version: `6.1.` */
export async function boot(version: string): Promise<Boot> {
  const kernels = existsSync(join(rig, 'k')) ? readdirSync(join(rig, 'k')) : []
  if (!kernels.some((name) => name.startsWith(version)))
    return { skipped: `no kernel ${version} under ${rig}; test/vm/rig/setup.sh fetches it` }
  commands ??= prepare()
  const { status, output } = await runGuest(version, await commands)
  const failure = FAILURES[status]
  if (failure !== undefined) return { skipped: `${failure}${lastWords(output)}` }
  return { outputs: parse(output), transcript: output }
}

/** The end of a guest's console, so that a reader of the skip knows why. */
function lastWords(output: string): string {
  const line = output.trimEnd().split('\n').at(-1)?.trim() ?? ''
  return line === '' ? '' : `: ${line.slice(0, 160)}`
}

let commands: Promise<string> | undefined

/** Shell commands; each script's output follows a line with its name. Made once for both guests. */
async function prepare(): Promise<string> {
  const names = Object.keys(SCRIPTS) as ScriptName[]
  const files = Object.fromEntries(names.map((name) => [name, SCRIPTS[name].file])) as Record<ScriptName, string>
  const scripts = bundleScripts(files)
  const vmlinux = '/sys/kernel/btf/vmlinux'
  const kernelBtf = existsSync(vmlinux) ? new Uint8Array(readFileSync(vmlinux)) : undefined
  const host: Host = { kernelBtf: () => kernelBtf }
  const lines: string[] = []
  for (const name of names) {
    const { program } = SCRIPTS[name]
    let object = ''
    if (program !== undefined) {
      object = join(BUNDLES, `${name}.bpf.o`)
      writeFileSync(object, await compiled(program, host))
    }
    lines.push(`echo @${name}; node ${scripts[name]} ${object}`)
  }
  return lines.join('; ')
}

/** Of either language. */
async function compiled(program: string, host: Host): Promise<Uint8Array> {
  if (program.endsWith('.ts')) return (await compileBpfTs(program)).elf
  return compileLisp(sourceFile(basename(program), readFileSync(program, 'utf8')), host).elf
}

function runGuest(version: string, command: string): Promise<{ readonly status: number; readonly output: string }> {
  const args = ['-k', version, '-t', String(LIMIT), '--', 'bash', '-c', `${command}; true`]
  const child = spawn(join(here, 'rig', 'run'), args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status: status ?? 125, output }))
  })
}

/** The last JSON line after each script's name. */
function parse(output: string): Map<string, unknown> {
  const found = new Map<string, unknown>()
  let script = ''
  for (const line of output.split('\n').map((text) => text.trim())) {
    if (line.startsWith('@')) script = line.slice(1)
    else if (line.startsWith('{')) found.set(script, JSON.parse(line))
  }
  return found
}
