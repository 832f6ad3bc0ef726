/** What only one of the engines does in its own way: here both must come to the same. */
import { describe, expect, test } from 'vitest'
import { VmFault } from '../../../packages/core/src/vm/fault.ts'
import type { VmOptions } from '../../../packages/core/src/vm/options.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { asmObject, mapSpec } from '../../support/asm-object.ts'

const packet = Uint8Array.from({ length: 64 }, (_, i) => i)
const ENGINES = ['interpreter', 'wasm'] as const
const MAPS = [mapSpec('progs', 'prog_array', { valueSize: 4 }), mapSpec('m', 'array')]

function runOn(engine: VmOptions['engine'], programs: Record<string, string>, options: VmOptions = {}) {
  const vm = createVm(asmObject(programs, MAPS), { engine, ...options })
  const next = vm.programs.get('next')
  if (next) vm.maps.get('progs')!.setProgram!(1, next)
  try {
    return vm.programs.get('p')!.run({ data: packet }).retval
  } catch (error) {
    if (error instanceof VmFault) return error.message
    throw error
  }
}

/** The result on both, a fault as its text. */
function agreed(text: string, more: Record<string, string> = {}): number | string {
  const [interpreter, wasm] = ENGINES.map((engine) => runOn(engine, { p: text, ...more }))
  expect(wasm).toBe(interpreter)
  return interpreter!
}

describe('interpreter and WebAssembly agree', () => {
  test('a loop that is entered in its middle', () => {
    const text = `
      r0 = 0
      r1 = 5
      r2 = *(u32 *)(r10 - 8)
      if r2 == 1 goto second
      first:
      r0 += 1
      second:
      r0 += 10
      r1 += -1
      if r1 == 3 goto second
      if r1 != 0 goto first
      exit`
    expect(agreed(text)).toBe(54)
  })

  test('a pointer that looks like one into the packet and is one into the frame; then a function and a loop', () => {
    const text = `
      r2 = *(u32 *)(r1 + 0)
      r3 = r2
      r6 = 0
      again:
      r2 -= r3
      r2 += r10
      *(u64 *)(r10 - 8) = 70
      r0 = *(u64 *)(r2 - 8)
      r1 = 3
      call pc double
      r6 += r0
      r2 = r3
      if r6 < 20 goto again
      r0 = r6
      exit
      double:
      *(u64 *)(r10 - 8) = 1
      r0 = r1
      r0 += r1
      exit`
    expect(agreed(text)).toBe(24)
  })

  test('a tail call in a function gives its result to the caller', () => {
    const text = 'r6 = 100\ncall pc f\nr0 += r6\nexit\nf:\nr2 = map progs\nr3 = 1\ncall bpf_tail_call\nr0 = 1\nexit'
    expect(agreed(text, { next: 'r0 = 7\nexit' })).toBe(107)
  })

  test.each([
    ['a null pointer', 'r1 = 0\nr0 = *(u64 *)(r1 + 0)\nexit'],
    ['behind the frame', 'r6 = 9\nr0 = *(u64 *)(r10 + 0)\nexit'],
    ['behind a map value', 'r1 = value m+4\nr0 = *(u64 *)(r1 + 0)\nexit'],
    ['behind the packet', 'r2 = *(u32 *)(r1 + 4)\nr0 = *(u8 *)(r2 + 0)\nexit'],
    ['a store into the context', 'r2 = 1\n*(u32 *)(r1 + 0) = r2\nexit'],
    ['in a function', 'r1 = 5\nr6 = 3\ncall pc f\nexit\nf:\nr7 = 8\n*(u64 *)(r1 + 0) = r7\nexit'],
    ['a misaligned atomic', 'r2 = 1\nr0 = 5\nlock *(u64 *)(r10 - 12) += r2\nexit'],
    ['a helper with a wrong map', 'r1 = 4\nr2 = r10\nr9 = 2\ncall bpf_map_lookup_elem\nexit'],
  ])('on a fault and its registers: %s', (_, text) => {
    expect(agreed(text)).toMatch(/at slot \d+: .*\n {2}r0=/)
  })

  test('on an endless loop and endless recursion', () => {
    for (const engine of ENGINES) {
      expect(runOn(engine, { p: 'r0 = 0\nagain:\ngoto again\nexit' })).toContain('still running after')
      expect(runOn(engine, { p: 'f:\ncall pc f\nexit' })).toContain('call frames')
      const straight = 'r1 = 8\nr2 = 7\nr0 = 0\nexit'
      expect(runOn(engine, { p: straight }, { insnLimit: 4 })).toBe(0)
      expect(runOn(engine, { p: straight }, { insnLimit: 3 })).toContain('still running after 3')
    }
  })
})

describe('the engine option', () => {
  test('steps need the interpreter, which is what they get when nobody chose', () => {
    expect(() => runOn('wasm', { p: 'r0 = 1\nexit' }, { onStep: () => {} })).toThrow('needs engine: interpreter')
    let steps = 0
    const onStep = () => {
      steps++
    }
    expect(runOn(undefined, { p: 'r0 = 1\nexit' }, { onStep })).toBe(1)
    expect(steps).toBe(2)
  })

  test('without WebAssembly programs are interpreted', () => {
    const host = globalThis as { WebAssembly?: unknown }
    const { WebAssembly: saved } = host
    try {
      delete host.WebAssembly
      expect(runOn(undefined, { p: 'r0 = 4\nexit' })).toBe(4)
      expect(() => runOn('wasm', { p: 'r0 = 4\nexit' })).toThrow('this host has no WebAssembly')
    } finally {
      host.WebAssembly = saved
    }
  })

  test('what the first runs left is there when a program is translated', () => {
    const count = 'r1 = value m+0\nr2 = 1\nlock *(u64 *)(r1 + 0) += r2\nr0 = *(u64 *)(r1 + 0)\nexit'
    const program = createVm(asmObject({ p: count }, MAPS)).programs.get('p')!
    const results = Array.from({ length: 12 }, () => program.run({ data: packet }).retval)
    expect(results).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
  })
})
