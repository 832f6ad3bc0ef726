/** From a failing program to the smallest one found that fails alike, with the fewest packets. */
import { compileLisp } from '../../packages/core/src/compile.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { observe } from '../kernel/differential.ts'
import { check, type Failure, type Subject, type Variant } from './check.ts'
import { type FiletestInput, filetest } from './filetest.ts'
import type { FuzzProgram } from './programs.ts'
import { printSexps, type Sexp } from './sexp.ts'
import { shrink } from './shrink.ts'

export interface Found {
  readonly program: FuzzProgram
  readonly failure: Failure
  readonly packets: readonly Uint8Array[]
}

/** Text of a filetest. */
export function shrunkFiletest({ program, failure, packets }: Found): string {
  const reference: Variant = { machine: 'vm', options: { ...failure.variant.options, skip: ['all'] } }
  const variants = failure.kind === 'mismatch' ? [reference, failure.variant] : [failure.variant]
  const fails = (forms: readonly Sexp[], some: readonly Uint8Array[]): boolean => {
    const outcome = check(subjectOf(program, forms), some, variants)
    return outcome.kind === 'failed' && sameFailure(outcome.failure, failure)
  }
  // One packet is enough most times, and makes every further try faster.
  const single = packets.find((packet) => fails(program.forms, [packet]))
  const some = single ? [single] : packets
  const forms = fails(program.forms, some) ? shrink(program.forms, (smaller) => fails(smaller, some)) : program.forms
  const about = `Shrunk from random program ${program.seed} (${failure.kind} with ${JSON.stringify(failure.variant)}).`
  return withExpectations({ forms, about, packets: some }, reference)
}

/** What the reference does; without it (it fails itself) only the program, to be completed by hand. */
function withExpectations(input: Omit<FiletestInput, 'expected' | 'maps'>, reference: Variant): string {
  try {
    const { object } = compileLisp(sourceFile('fuzz.bpf.lisp', printSexps(input.forms)), {}, reference.options)
    const vm = createVm(object)
    try {
      const expected = observe(vm, { program: 'main', packets: input.packets })
      return filetest({ ...input, expected, maps: object.maps })
    } finally {
      vm.close()
    }
  } catch (error) {
    return `;;; ${input.about}\n;;; The reference fails too: ${String(error).split('\n')[0]}\n;; test run\n\n${printSexps(input.forms)}`
  }
}

export function subjectOf({ seed, type, leastCpu }: FuzzProgram, forms: readonly Sexp[]): Subject {
  return { seed, type, leastCpu, text: printSexps(forms) }
}

/** Of one kind and, for what was thrown, with one message but for the numbers. */
function sameFailure(a: Failure, b: Failure): boolean {
  if (a.kind === 'mismatch' || b.kind === 'mismatch') return a.kind === b.kind
  return a.kind === b.kind && gist(a.detail) === gist(b.detail)
}

function gist(detail: string): string {
  const first = detail.split('\n')[0]!
  return first
    .replace(/fuzz\.bpf\.lisp[:\d]*/, '')
    .replace(/\bb?[vrR]?\d+\b/g, 'N')
    .replace(/in program .*/, '')
    .replace(/"[^"]*"/g, '"')
}
