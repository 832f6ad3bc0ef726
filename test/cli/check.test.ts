/** `check`, `doctor` and `completion`. */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CHECKS } from '../../packages/unplugin-bpf/src/cli/doctor-checks.ts'
import { type Folder, makeFolder } from './support.ts'

let folder: Folder
beforeEach(() => {
  folder = makeFolder()
})
afterEach(() => folder.remove())

const GOOD = '(defprog fine (:type :xdp) XDP_PASS)\n'
const BAD = '(defprog wrong (:type :xdp)\n  (incf (getmap cuont 0))\n  (+ nope 1)\n  XDP_PASS)\n'

describe('check', () => {
  it('says how many files are fine and writes nothing', async () => {
    folder.write('a.bpf.lisp', GOOD)
    folder.write('deep/b.bpf.lisp', GOOD)
    expect(await folder.run('check')).toEqual({ code: 0, stdout: '', stderr: '0 errors, 0 warnings in 2 files\n' })
    expect(folder.names()).toEqual(['a.bpf.lisp', 'deep'])
  })
  it('shows every diagnostic of every file', async () => {
    folder.write('a.bpf.lisp', BAD)
    folder.write('b.bpf.lisp', BAD)
    const { code, stdout, stderr } = await folder.run('check')
    expect({ code, stderr }).toEqual({ code: 1, stderr: '4 errors, 0 warnings in 2 files\n' })
    expect(stdout.match(/error\[unknown-map\]/g)).toHaveLength(2)
    expect(stdout).toMatch(/ 2 \| {3}\(incf \(getmap cuont 0\)\)\n.*\^{5}/)
  })
  it('--pretty=false: one line each, as TypeScript has it', async () => {
    folder.write('a.bpf.lisp', BAD)
    const { stdout } = await folder.run('check', 'a.bpf.lisp', '--pretty=false')
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^a\.bpf\.lisp\(2,17\): error unknown-map: no map is named `cuont`/),
      expect.stringMatching(/^a\.bpf\.lisp\(3,6\): error unbound-variable: .*nope/),
    ])
  })
  it('refuses paths without sources', async () => {
    expect(await folder.run('check')).toMatchObject({ code: 1, stderr: expect.stringContaining('no .bpf.lisp') })
    expect(await folder.run('check', 'nowhere')).toMatchObject({ code: 1 })
  })
  it('--watch checks again when a file changes', async () => {
    folder.write('a.bpf.lisp', GOOD)
    const root = join(import.meta.dirname, '../..')
    const script = `import { main } from ${JSON.stringify(join(root, 'packages/unplugin-bpf/src/cli/main.ts'))}
process.exitCode = await main(['check', '--watch', '--pretty=false'])`
    const args = ['--conditions=@unplugin-bpf/source', '--import', import.meta.resolve('tsx')]
    const child = spawn(process.execPath, [...args, '--input-type=module', '-e', script], { cwd: folder.path })
    let seen = ''
    child.stdout.on('data', (chunk) => (seen += chunk))
    child.stderr.on('data', (chunk) => (seen += chunk))
    const until = async (text: string): Promise<void> => {
      for (let tries = 0; !seen.includes(text); tries++) {
        if (tries > 400) throw new Error(`no "${text}" in: ${seen}`)
        await new Promise((done) => setTimeout(done, 50))
      }
    }
    try {
      await until('0 errors, 0 warnings in 1 file')
      folder.write('a.bpf.lisp', BAD)
      await until('error unbound-variable')
      const exit = new Promise((done) => child.once('exit', done))
      child.kill('SIGINT')
      expect(await exit).toBe(0)
    } finally {
      child.kill('SIGKILL')
    }
  })
})

describe('doctor', () => {
  it('--json: the stable ids, a remedy for everything that is wrong', async () => {
    const { code, stdout } = await folder.run('doctor', '--json')
    const report = JSON.parse(stdout)
    expect(code).toBe(report.ok ? 0 : 1)
    expect(report.checks.map((check: { id: string }) => check.id)).toEqual([
      'node-version',
      'platform',
      'kernel-version',
      'addon',
      'bpf-syscall',
      'process-capabilities',
      'node-capabilities',
      'unprivileged-bpf',
      'lockdown',
      'confinement',
      'jit',
      'btf',
      'tracefs',
      'bpffs',
      'cgroup2',
      'program-types',
      'map-types',
      'helpers',
      'attach-kinds',
      'memlock',
      'tool-ip',
      'tool-tc',
    ])
    for (const check of report.checks) {
      expect(['ok', 'warning', 'failure', 'unknown']).toContain(check.status)
      if (check.status === 'warning' || check.status === 'failure')
        expect([check.id, check.remedy]).toEqual([check.id, expect.any(String)])
    }
  })
  it('prints a line per check', async () => {
    const { stdout } = await folder.run('doctor')
    for (const { title } of CHECKS) expect(stdout).toContain(title)
  })
  const root = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0
  it.skipIf(!root)(
    `without capabilities: failure, with setcap as the remedy${root ? '' : ' (skipped: not root)'}`,
    () => {
      const main = join(import.meta.dirname, '../../packages/unplugin-bpf/src/cli/main.ts')
      const script = `import { main } from ${JSON.stringify(main)}; process.exitCode = await main(['doctor', '--json'])`
      const node = [process.execPath, '--conditions=@unplugin-bpf/source', '--import', import.meta.resolve('tsx')]
      const result = spawnSync(
        'setpriv',
        ['--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', ...node, '--input-type=module', '-e', script],
        { encoding: 'utf8' },
      )
      expect(result.status, result.stderr).toBe(1)
      expect(result.stderr).toContain('programs cannot be loaded into this kernel')
      const report = JSON.parse(result.stdout)
      const found = report.checks.find((check: { id: string }) => check.id === 'process-capabilities')
      expect(found).toMatchObject({
        status: 'failure',
        details: { missing: ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON'] },
      })
      expect(found.remedy).toContain('setcap cap_bpf,cap_net_admin,cap_perfmon+ep')
    },
  )
})

describe('completion', () => {
  it('bash completes commands, options and values', async () => {
    const { stdout } = await folder.run('completion', 'bash')
    const complete = (words: string[]): string[] => {
      const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `"${word}"`).join(' ')}); COMP_CWORD=${words.length - 1}; _unplugin_bpf; echo "\${COMPREPLY[@]}"`
      const result = spawnSync('bash', ['-c', script], { encoding: 'utf8', cwd: folder.path })
      expect(result.stderr).toBe('')
      return result.stdout.trim().split(/\s+/)
    }
    folder.write('prog.bpf.lisp', GOOD)
    expect(complete(['unplugin-bpf', 'd'])).toEqual(['disasm', 'doctor'])
    expect(complete(['unplugin-bpf', 'compile', '--g'])).toEqual(['--gen'])
    expect(complete(['unplugin-bpf', 'compile', '--gen', 'r'])).toEqual(['rust'])
    expect(complete(['unplugin-bpf', 'compile', '--emit', ''])).toEqual(['expand', 'forms', 'ssa', 'asm'])
    expect(complete(['unplugin-bpf', 'compile', 'pr'])).toEqual(['prog.bpf.lisp'])
    expect(complete(['unplugin-bpf', 'completion', ''])).toEqual(['bash', 'zsh', 'fish'])
  })
  for (const shell of ['zsh', 'fish'] as const) {
    const there = spawnSync(shell, ['--version']).status === 0
    it.skipIf(!there)(`${shell} takes its script${there ? '' : ` (skipped: no ${shell} here)`}`, async () => {
      const { stdout } = await folder.run('completion', shell)
      folder.write('script', stdout)
      expect(spawnSync(shell, ['-n', 'script'], { cwd: folder.path, encoding: 'utf8' })).toMatchObject({ status: 0 })
    })
  }
  it('zsh and fish scripts name every command', async () => {
    for (const shell of ['zsh', 'fish']) {
      const { stdout } = await folder.run('completion', shell)
      for (const name of ['compile', 'check', 'doctor']) expect(stdout).toContain(name)
    }
  })
})
