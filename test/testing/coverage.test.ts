/** Coverage and traces against lines that were counted by hand, and in vitest's own report. */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileLisp } from '../../packages/core/src/compile.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import { mergeCoverage, simulate, tcp, udp } from '../../packages/unplugin-bpf/src/testing/index.ts'

const SOURCE = `(defmap hits :type :array :key-type u32 :value-type u64 :max-entries 4)

(defprog sort-packets (:type :xdp)
  (with-packet (data data-end :min-len 34)
    (cond
      ((= (ipv4-protocol (+ data 14)) 6)
       (incf (getmap hits 0))
       (return XDP_TX))
      ((= (ipv4-protocol (+ data 14)) 17)
       (incf (getmap hits 1))
       (return XDP_DROP))
      (t
       (incf (getmap hits 2))
       (return XDP_ABORTED))))
  XDP_PASS)
`

function simulation(name = 'sort.bpf.lisp') {
  return simulate(compileLisp(sourceFile(name, SOURCE), {}, { exactLines: true }).object)
}

it('counts what ran', () => {
  const vm = simulation()
  for (let i = 0; i < 3; i++) vm.programs.sortPackets!.run(tcp())
  const { lines, path, functions } = vm.coverage.files[0]!
  expect(path).toBe(resolve('sort.bpf.lisp'))
  // Bounds and the first test run each time, the TCP branch too; the others never.
  expect([4, 6, 7, 8].map((line) => lines.get(line))).toEqual([3, 3, 3, 3])
  expect([9, 10, 11, 13, 14].map((line) => lines.get(line))).toEqual([0, 0, 0, 0, 0])
  // No code comes from these: comments, names, closing lines.
  expect([1, 2, 5, 12, 16].map((line) => lines.get(line))).toEqual(Array(5).fill(undefined))
  expect([...functions]).toEqual([['sort_packets', { line: 4, hits: 3 }]])
  vm.programs.sortPackets!.run(udp())
  const after = vm.coverage.files[0]!.lines
  expect([9, 10, 11, 13].map((line) => after.get(line))).toEqual([1, 1, 1, 0])
})

it('lcov', () => {
  const vm = simulation()
  vm.programs.sortPackets!.run(udp())
  const lcov = vm.coverage.lcov()
  const lines = lcov.split('\n')
  expect(lines.slice(0, 2)).toEqual(['TN:', `SF:${resolve('sort.bpf.lisp')}`])
  expect(lines).toContain('FNDA:1,sort_packets')
  expect(lines).toContain('DA:10,1')
  expect(lines).toContain('DA:7,0')
  const { total, covered } = vm.coverage.summary
  expect(lines).toContain(`LF:${total}`)
  expect(lines).toContain(`LH:${covered}`)
  expect(lines.filter((line) => line.startsWith('DA:'))).toHaveLength(total)
  expect(lines.filter((line) => /^DA:\d+,[1-9]/.test(line))).toHaveLength(covered)
  expect(lines.at(-2)).toBe('end_of_record')
})

it('text table and sums', () => {
  const [one, two] = [simulation(), simulation()]
  one.programs.sortPackets!.run(tcp())
  two.programs.sortPackets!.run(udp())
  const merged = mergeCoverage([one.coverage, two.coverage])
  expect(merged.files[0]!.lines.get(4)).toBe(2)
  expect(merged.text()).toMatch(/^file +lines +not run\nsort\.bpf\.lisp +\d\d\.\d% +\d+\/\d+ {2}13-14/)
})

describe('in the playground', () => {
  it("vitest's report has the lines of the firewall", () => {
    const script = join(import.meta.dirname, '..', '..', 'node_modules', 'vitest', 'vitest.mjs')
    const root = join(import.meta.dirname, '..', '..', 'playground')
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
    const args = [script, 'run', '--coverage', '--coverage.reporter=text', '--root', root]
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      cwd: root,
      env: { ...env, NO_COLOR: '1' },
    })
    expect(stdout + stderr).toMatch(/Tests +\d+ passed/)
    const [, percent] = /firewall\.bpf\.lisp +\| +([\d.]+)/.exec(stdout) ?? []
    expect(Number(percent)).toBeGreaterThan(90)
    expect(status).toBe(0)
  })
})
