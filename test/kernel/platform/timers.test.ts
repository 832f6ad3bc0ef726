/** Timers in map values: the kernel calls a function of the program later, again and again until it stops itself. */
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { compileLisp } from '../../../packages/core/src/compile.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import { loadKernelObject } from '../../../packages/loader/src/index.ts'
import { simulate } from '../../../packages/unplugin-bpf/src/testing/index.ts'
import { bpftoolLoad, canUseKernel, skipNote } from '../../support/kernel-oracle.ts'

const kernel = canUseKernel()
const packet = new Uint8Array(60)
const SOURCE = `
(defconstant +monotonic+ 1)
(defstruct tick (timer bpf-timer) (count u64) (limit u64))
(defmap ticks :type :array :key-size 4 :value-type tick :max-entries 1)

(defsubprog on-tick (map key value) i32
  (incf (tick-count value))
  (when (< (tick-count value) (tick-limit value))
    (timer-start (tick-timer-ptr value) 1000000 0))
  0)

(defprog begin (:type :socket-filter)
  (when-let ((tick (map-lookup ticks 0)))
    (setf (tick-limit tick) 3)
    (timer-init (tick-timer-ptr tick) ticks +monotonic+)
    (timer-set-callback (tick-timer-ptr tick) on-tick)
    (return (timer-start (tick-timer-ptr tick) 0 0)))
  9)`
const compile = () => compileLisp(sourceFile('timers.bpf.lisp', SOURCE))

describe('timers', () => {
  it.skipIf(!kernel.ok)(`call back${skipNote(kernel)}`, async () => {
    const object = loadKernelObject(compile().object)
    try {
      expect(object.programs.get('begin')!.run({ data: packet }).retval).toBe(0)
      const count = () => object.maps.get('ticks')!.lookup(new Uint8Array(4))![16]
      for (let tries = 0; tries < 200 && count() !== 3; tries++) await setTimeout(10)
      expect(count()).toBe(3)
    } finally {
      object.close()
    }
  })

  it.skipIf(!kernel.ok)(`load through libbpf${skipNote(kernel)}`, () => {
    const result = bpftoolLoad(compile().elf)
    expect(result.ok ? '' : result.log).toBe('')
  })

  it('run in the VM when its clock moves', () => {
    const vm = simulate(compile().object)
    expect(vm.programs.begin!.run(packet).code).toBe(0)
    const count = () => (vm.maps.ticks!.get(0) as Uint8Array)[16]
    expect(count()).toBe(0)
    // At once, after one millisecond, after two; then it stops itself.
    const counts = [0, 0.5, 0.5, 0.9, 0.1, 100].map((ms) => {
      const { trace } = vm.advance(ms)
      return [count(), trace.length > 0]
    })
    expect(counts).toEqual([
      [1, true],
      [1, false],
      [2, true],
      [2, false],
      [3, true],
      [3, false],
    ])
  })
})
