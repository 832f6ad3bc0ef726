/**
 * `npm run fuzz -- --count 20000 --seed 1`: many random programs, each compiled in several ways and run in the VM and the
 * kernel. A failing one is shrunk and written to test/filetests/run/fuzz-<seed>.bpf.lisp. Exits with 1 when one failed.
 *
 *   --vm        leave the kernel out
 *   --pairs     only all passes off and on; without single passes and other CPU levels
 *   --keep      do not shrink; write the whole program
 *   --show      print the program of --seed and stop
 *   --insns     single instructions instead, which the verifier accepts: interpreter, WebAssembly and kernel
 *   --malformed random instructions and damaged bytes instead, interpreter against WebAssembly
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { canUseKernel } from '../support/kernel-oracle.ts'
import { check, type Machine, packetsFor, variantsOf } from './check.ts'
import { shrunkFiletest, subjectOf } from './failing.ts'
import { observeInsns, type Where } from './insns.ts'
import { runMalformed, sameOutcome } from './malformed.ts'
import { randomProgram } from './programs.ts'
import { printSexps } from './sexp.ts'

const PACKETS = 12
const folder = join(import.meta.dirname, '..', 'filetests', 'run')

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    vm: { type: 'boolean', default: false },
    pairs: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    show: { type: 'boolean', default: false },
    insns: { type: 'boolean', default: false },
    malformed: { type: 'boolean', default: false },
  },
})
const first = Number(values.seed)
const count = Number(values.count)
const kernel = canUseKernel()
const machines: Machine[] = values.vm || !kernel.ok ? ['vm'] : ['vm', 'kernel']

if (values.malformed) process.exitCode = runAllMalformed() > 0 ? 1 : 0
else if (values.insns) process.exitCode = runAllInsns() > 0 ? 1 : 0
else if (values.show) {
  console.log(printSexps(randomProgram(first).forms))
} else {
  if (!values.vm && !kernel.ok) console.log(`without the kernel: ${kernel.reason}`)
  process.exitCode = runAll() > 0 ? 1 : 0
}

function runAllInsns(): number {
  const others: readonly Where[] = machines.includes('kernel') ? ['wasm', 'kernel'] : ['wasm']
  let failed = 0
  for (let seed = first; seed < first + count; seed++) {
    const expected = JSON.stringify(observeInsns(seed, 'interpreter'))
    for (const where of others) {
      const seen = JSON.stringify(observeInsns(seed, where))
      if (seen === expected) continue
      failed++
      console.log(`seed ${seed}\n  interpreter: ${expected}\n  ${where}: ${seen}`)
    }
    if ((seed - first) % 1000 === 999) console.log(`seeds ${first} to ${seed}: ${failed} failed`)
  }
  console.log(`single instructions on ${['interpreter', ...others].join(', ')}, ${count} programs: ${failed} failed`)
  return failed
}

function runAllMalformed(): number {
  const totals = { refused: 0, fault: 0, end: 0, failed: 0 }
  for (let seed = first; seed < first + count; seed++) {
    const expected = runMalformed(seed, 'interpreter')
    const seen = runMalformed(seed, 'wasm')
    totals[expected.kind]++
    if (sameOutcome(expected, seen)) continue
    totals.failed++
    console.log(`seed ${seed}\n  interpreter: ${expected.detail}\n  wasm: ${seen.detail}`)
  }
  console.log(`malformed, seeds ${first} to ${first + count - 1}: ${JSON.stringify(totals)}`)
  return totals.failed
}

function runAll(): number {
  const totals = { agrees: 0, refused: 0, failed: 0, runs: 0 }
  const start = performance.now()
  let shown = start
  for (let seed = first; seed < first + count; seed++) {
    const program = randomProgram(seed)
    const subject = subjectOf(program, program.forms)
    const packets = packetsFor(subject, values.pairs ? PACKETS / 2 : PACKETS)
    const variants = variantsOf(subject, machines)
    const outcome = check(subject, packets, values.pairs ? variants.filter((_, i) => i % 3 < 2) : variants)
    totals[outcome.kind]++
    if (outcome.kind === 'agrees') totals.runs += outcome.runs
    if (outcome.kind === 'refused') console.log(`seed ${seed}: refused [${outcome.code}] ${outcome.message}`)
    if (outcome.kind === 'failed') {
      const { failure } = outcome
      console.log(`seed ${seed}: ${failure.kind} with ${JSON.stringify(failure.variant)}`)
      if (failure.kind !== 'mismatch') console.log(failure.detail.slice(0, 2000))
      const path = join(folder, `fuzz-${seed}.bpf.lisp`)
      writeFileSync(path, values.keep ? printSexps(program.forms) : shrunkFiletest({ program, failure, packets }))
      console.log(`written to ${path}`)
    }
    if (performance.now() - shown > 10_000) {
      shown = performance.now()
      progress(seed, totals, shown - start)
    }
  }
  progress(first + count - 1, totals, performance.now() - start)
  return totals.failed
}

function progress(seed: number, totals: Record<string, number>, elapsed: number): void {
  const { agrees, refused, failed, runs } = totals
  console.log(
    `seeds ${first}..${seed}: ${agrees} agree (${runs} runs), ${refused} refused, ${failed} failed, ${(elapsed / 1000).toFixed(0)} s`,
  )
}
