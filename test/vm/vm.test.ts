/**
 * Tests on Debian's 6.1 and 6.12 kernels, in a throw-away QEMU guest (rig/). They need minutes rather than seconds, so
 * they are not part of `npm test`:
 *
 *   npm run test:vm
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileLisp, type Host, sourceFile } from '@unplugin-bpf/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const here = import.meta.dirname
const root = join(here, '..', '..')
const rig = process.env.UNPLUGIN_BPF_VM ?? join(homedir(), '.cache', 'unplugin-bpf-vm')
const VMLINUX = '/sys/kernel/btf/vmlinux'
const prepared = existsSync(join(rig, 'k')) ? readdirSync(join(rig, 'k')) : []

const vmlinux = existsSync(VMLINUX) ? new Uint8Array(readFileSync(VMLINUX)) : undefined
const host: Host = { kernelBtf: () => vmlinux }

describe.each(['6.1.', '6.12.'])('guest with kernel %s', (version) => {
  const kernel = prepared.find((name) => name.startsWith(version))
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ubpf-vm-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** Compiles here, runs there; the guest's script prints one JSON line. */
  function guest<T>(name: string): T {
    if (!kernel) throw new Error(`no kernel ${version} under ${rig}; run test/vm/rig/setup.sh`)
    const source = readFileSync(join(here, 'guest', `${name}.bpf.lisp`), 'utf8')
    const object = join(folder, `${name}.bpf.o`)
    writeFileSync(object, compileLisp(sourceFile(`${name}.bpf.lisp`, source), host).elf)
    const script = join(here, 'guest', `${name}.ts`)
    const node = ['node', '--import', 'tsx', '--conditions=@unplugin-bpf/source', script, object]
    const run = spawnSync(join(here, 'rig', 'run'), ['-k', version, '-t', '170', '--', ...node], {
      cwd: root,
      encoding: 'utf8',
    })
    const line = run.stdout.split('\n').find((text) => text.startsWith('{'))
    if (run.status !== 0 || !line) throw new Error(`guest ended with ${run.status}:\n${run.stdout}\n${run.stderr}`)
    return JSON.parse(line) as T
  }

  it('CO-RE reads the right fields, through our loader and through libbpf', { timeout: 180_000 }, () => {
    const { kernel: release, self, ours, libbpf } = guest<Report>('kernel-data')
    expect(release).toMatch(new RegExp(`^${version.replace('.', '\\.')}`))
    expect(ours).toMatchObject({ tgid: self.pid, parent: self.parent, comm: self.comm })
    // bpftool, which libbpf runs in, was started by the script.
    expect(libbpf).toMatchObject({ tgid: libbpf.pid, parent: self.pid, comm: 'bpftool' })
    expect(ours.answers).toEqual(libbpf.answers)
    const [cid, pid, size, offset, arena, ran] = ours.answers
    // mm_cid came with 6.3, the arena with 6.9.
    expect([cid, pid, arena, ran]).toEqual(version === '6.1.' ? [0, 1, 0, 1] : [1, 1, 1, 1])
    expect(size).toBeGreaterThan(1000)
    console.log(`${release}: sizeof(task_struct) ${size}, pid at ${offset}`)
  })

  it('kprobe, fentry, fexit and LSM programs see their arguments', { timeout: 180_000 }, () => {
    const seen = guest<Seen>('probes')
    expect(seen.execs).toContain(seen.pid)
    expect(seen.comms[seen.execs.indexOf(seen.pid)]).toBe('node')
    expect(seen).toMatchObject({ name: '/tmp/abc', dfd: -100, result: 0 })
    expect(seen.opens).toBeGreaterThan(0)
  })
})

interface Read {
  readonly tgid: number
  readonly parent: number
  readonly comm: string
  readonly answers: readonly number[]
}
interface Report {
  readonly kernel: string
  readonly self: { readonly pid: number; readonly parent: number; readonly comm: string }
  readonly ours: Read
  readonly libbpf: Read & { readonly pid: number }
}
interface Seen {
  readonly pid: number
  readonly execs: readonly number[]
  readonly comms: readonly string[]
  readonly name: string
  readonly dfd: number
  readonly result: number
  readonly opens: number
}
