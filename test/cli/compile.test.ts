/** `compile`, `disasm`, `sync` and the general options: outputs, exit codes, and bad input of every kind. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Folder, makeFolder, type Outcome } from './support.ts'

const COUNTER = `(defmap hits :type :array :key-size 4 :value-size 8 :max-entries 1)
(defconstant +limit+ 5)
(defstruct conn-event (source u32) (port u16))
(defprog count-all (:type :xdp)
  (incf (getmap hits 0))
  XDP_PASS)
`

let folder: Folder
beforeEach(() => {
  folder = makeFolder()
  folder.write('count.bpf.lisp', COUNTER)
})
afterEach(() => folder.remove())

/** A refusal says why on stderr, with code 1, nothing on stdout and no stack trace. */
function expectRefusal(outcome: Outcome, message: string | RegExp): void {
  expect(outcome.stderr).toMatch(message)
  expect(outcome.stderr).not.toMatch(/^\s+at |\.ts:\d+:\d+\)|is a bug/m)
  expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code: 1, stdout: '' })
}

describe('general', () => {
  it('--version prints the version', async () => {
    const { version } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../packages/unplugin-bpf/package.json'), 'utf8'),
    )
    expect(await folder.run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
  it('--help names every command', async () => {
    const { code, stdout } = await folder.run('--help')
    expect(code).toBe(0)
    for (const name of ['compile', 'disasm', 'sync', 'check', 'doctor', 'completion'])
      expect(stdout).toContain(`  ${name} `)
  })
  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [[], 'Usage:'],
    [['compile'], "missing required argument 'input'"],
    [['compile', '--wat', 'x'], "unknown option '--wat'"],
    [['compile', 'x.lisp', '--emit', 'soup'], 'Allowed choices are expand, forms, ssa, asm'],
    [['compile', 'x.lisp', '--gen', 'cobol'], 'Allowed choices are c, go, rust, python, lisp, ts, all'],
    [['compile', 'x.lisp', '--print-after', 'magic'], 'Allowed choices are simplify'],
    [['compile', 'count.bpf.lisp', '--skip', 'gvm'], 'no pass is named gvm'],
    [['compile', 'a.lisp', 'b.lisp', '-o', 'c.o'], 'several inputs'],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish'],
  ])('%j is a usage error', async (args, message) => {
    const { code, stderr } = await folder.run(...args)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})

describe('compile', () => {
  it('writes the object and says what is in it', async () => {
    const outcome = await folder.run('compile', 'count.bpf.lisp')
    expect(outcome).toEqual({ code: 0, stdout: '1 program (11 slots), 1 map -> count.bpf.o\n', stderr: '' })
    expect(folder.names()).toEqual(['count.bpf.lisp', 'count.bpf.o'])
    expect(readFileSync(join(folder.path, 'count.bpf.o')).subarray(0, 4).toString('latin1')).toBe('\x7fELF')
  })
  it('--direct-elements leaves out the lookup of a one-entry array', async () => {
    const { stdout } = await folder.run('compile', 'count.bpf.lisp', '--direct-elements')
    expect(stdout).toBe('1 program (6 slots), 1 map -> count.bpf.o\n')
  })

  it('-o, --gen: the file names of the book', async () => {
    const { stdout } = await folder.run('compile', 'count.bpf.lisp', '-o', 'out.bpf.o', '--gen', 'c', 'go')
    expect(stdout).toContain('-> out.bpf.o, out.h, out_types.go')
    expect(folder.names()).toEqual(['count.bpf.lisp', 'out.bpf.o', 'out.h', 'out_types.go'])
    expect(readFileSync(join(folder.path, 'out.h'), 'utf8')).toContain('#define LIMIT 5\n')
  })
  it('--gen all', async () => {
    await folder.run('compile', 'count.bpf.lisp', '--gen', 'all')
    expect(folder.names()).toEqual([
      'count.bpf.lisp',
      'count.bpf.o',
      'count.h',
      'count_types.go',
      'count_types.lisp',
      'count_types.py',
      'count_types.rs',
      'count_types.ts',
    ])
  })
  it('--json', async () => {
    const { stdout } = await folder.run('compile', 'count.bpf.lisp', '--json', '--gen', 'c')
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ output: 'count.bpf.o', headers: ['count.h'], license: 'GPL' })
    expect(report.programs[0]).toMatchObject({ name: 'count_all', section: 'xdp', slots: 11 })
    expect(report.programs[0].lines.length).toBeGreaterThan(0)
  })
  it.each(['expand', 'forms', 'ssa', 'asm'])('--emit %s prints and writes nothing', async (stage) => {
    const { code, stdout } = await folder.run('compile', 'count.bpf.lisp', '--emit', stage)
    expect({ code, lines: stdout.split('\n').length > 2 }).toEqual({ code: 0, lines: true })
    expect(folder.names()).toEqual(['count.bpf.lisp'])
  })
  it('--print-after prints the program after a pass, or after every one that changed it', async () => {
    const one = await folder.run('compile', 'count.bpf.lisp', '--print-after=gvn')
    expect(one.stdout).toMatch(/^; count_all after gvn\n/)
    const all = await folder.run('compile', 'count.bpf.lisp', '--print-after=all')
    expect(all.stdout).toContain('; count_all after gvn\n')
    expect(all.stdout).toContain('; count_all after regalloc\n')
    expect(folder.names()).toEqual(['count.bpf.lisp'])
  })
  it('goes on with the other inputs, and shows all errors', async () => {
    folder.write('one.bpf.lisp', '(defprog p (:type :xdp) (nope) XDP_PASS)')
    folder.write('two.bpf.lisp', '(defprog p (:type :xdp) (+ missing 1) (* other 2))')
    const { code, stderr, stdout } = await folder.run('compile', 'one.bpf.lisp', 'count.bpf.lisp', 'two.bpf.lisp')
    expect(code).toBe(1)
    expect(stderr).toMatch(/one\.bpf\.lisp:1:\d+: error\[unknown-form\]/)
    expect(stderr.match(/two\.bpf\.lisp:1:\d+: error\[unbound-variable\]/g)).toHaveLength(2)
    expect(stdout).toContain('count.bpf.o')
    expect(folder.names()).not.toContain('one.bpf.o')
  })
})

describe('bad input', () => {
  const broken: readonly [string, string | Uint8Array | undefined, string | RegExp][] = [
    ['missing', undefined, 'cannot read x.bpf.lisp: no such file'],
    ['empty', '', 'error[empty-file]'],
    ['only a comment', '; nothing\n', 'error[empty-file]'],
    ['binary', Uint8Array.from({ length: 300 }, (_, i) => i % 256), 'error[binary-file]'],
    ['10,000 parentheses', '('.repeat(10_000), /error\[(nesting-too-deep|unbalanced-parens)\]/],
    ['an unclosed list', '(defprog p (:type :xdp)', 'error[unbalanced-parens]'],
    ['no program', '(defconstant +a+ 1)', 'error[no-program]'],
  ]
  it.each(broken)('%s', async (_, content, message) => {
    if (content !== undefined) folder.write('x.bpf.lisp', content)
    const names = folder.names()
    expectRefusal(await folder.run('compile', 'x.bpf.lisp', '--gen', 'all'), text(message))
    expectRefusal(await folder.run('disasm', 'x.bpf.lisp'), text(message))
    expect(folder.names()).toEqual(names)
  })
  it('a folder', async () => {
    mkdirSync(join(folder.path, 'dir.bpf.lisp'))
    expectRefusal(await folder.run('compile', 'dir.bpf.lisp'), 'is a folder, a source file was expected')
    expectRefusal(await folder.run('disasm', 'dir.bpf.lisp'), 'is a folder')
    mkdirSync(join(folder.path, 'dir.o'))
    expectRefusal(await folder.run('disasm', 'dir.o'), 'is a folder')
  })
  it('an output that cannot be written leaves nothing behind', async () => {
    mkdirSync(join(folder.path, 'taken.bpf.o'))
    folder.write('file', '')
    for (const [output, reason] of [
      ['nowhere/x.bpf.o', 'the folder does not exist'],
      ['taken.bpf.o', 'it is a folder'],
      ['file/x.bpf.o', 'a part of the path is a file'],
    ] as const) {
      expectRefusal(await folder.run('compile', 'count.bpf.lisp', '-o', output, '--gen', 'c'), reason)
    }
    expect(folder.names().filter((name) => name.includes('tmp'))).toEqual([])
  })
  it.skipIf(process.getuid?.() === 0)('an unreadable source (skipped: root may read everything)', async () => {
    chmodSync(join(folder.path, 'count.bpf.lisp'), 0)
    expectRefusal(await folder.run('compile', 'count.bpf.lisp'), 'permission denied')
  })
})

describe('disasm', () => {
  it('shows instructions with their source lines, of sources and of objects alike', async () => {
    await folder.run('compile', 'count.bpf.lisp')
    const object = await folder.run('disasm', 'count.bpf.o')
    expect(object.code).toBe(0)
    expect(object.stdout).toMatch(/^count_all: section xdp, 11 slots\n/)
    expect(object.stdout).toContain('; map hits')
    expect(object.stdout).toContain('; count.bpf.lisp:5: (incf (getmap hits 0))')
    expect((await folder.run('disasm', 'count.bpf.lisp')).stdout).toBe(object.stdout)
  })

  it('shows functions, and says which ones are called', async () => {
    folder.write(
      'calls.bpf.lisp',
      '(defkfunc bpf-rcu-read-lock () void)\n(defsubprog twice ((x u32)) u32 (* x 2))\n(defprog p (:type :xdp) (bpf-rcu-read-lock) (twice 1))\n',
    )
    const { stdout } = await folder.run('disasm', 'calls.bpf.lisp')
    expect(stdout).toMatch(/^p: section xdp, \d+ slots\n/)
    expect(stdout).toContain('; kernel function bpf_rcu_read_lock')
    expect(stdout).toContain('; function twice')
    expect(stdout).toMatch(/\ntwice: function, \d+ slots\n/)
  })

  const clang = spawnSync('clang', ['--version']).status === 0
  it.skipIf(!clang)(`an object of clang${clang ? '' : ' (skipped: no clang here)'}`, async () => {
    folder.write(
      'x.c',
      'int run(void *c) __attribute__((section("xdp"), used)); int run(void *c) { return 2; }\nchar l[] __attribute__((section("license"))) = "GPL";\n',
    )
    spawnSync('clang', ['-target', 'bpf', '-O2', '-g', '-c', 'x.c', '-o', 'x.bpf.o'], { cwd: folder.path })
    const { code, stdout } = await folder.run('disasm', 'x.bpf.o')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^run: section xdp, 2 slots\n/)
    expect(stdout).toContain('exit')
  })

  it('refuses every truncation of an object with a reason', async () => {
    await folder.run('compile', 'count.bpf.lisp')
    const whole = readFileSync(join(folder.path, 'count.bpf.o'))
    for (const length of [0, 3, 16, 63, 64, 100, 200, whole.length >> 1, whole.length - 70, whole.length - 1]) {
      folder.write('cut.o', whole.subarray(0, length))
      expectRefusal(await folder.run('disasm', 'cut.o'), /error/)
    }
    folder.write('text.o', 'hello, this is no object at all, only text that is long enough to have a header')
    expectRefusal(await folder.run('disasm', 'text.o'), 'ELF')
    expectRefusal(await folder.run('disasm', 'none.o'), 'no such file')
  })
})

describe('sync', () => {
  it('writes declarations; --check tells when they are stale', async () => {
    expectRefusal(await folder.run('sync', '--check'), 'out of date: count.bpf.d.lisp.ts')
    expect((await folder.run('sync')).stdout).toContain('wrote count.bpf.d.lisp.ts\n')
    expect(await folder.run('sync', '--check')).toMatchObject({ code: 0 })
    expectRefusal(await folder.run('sync', 'nowhere'), 'nowhere: no such file or folder')
  })
})

function text(pattern: string | RegExp): RegExp {
  return typeof pattern === 'string' ? new RegExp(pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : pattern
}
