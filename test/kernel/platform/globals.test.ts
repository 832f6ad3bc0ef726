/** Global variables from user space: reading, writing, constants before loading; kernel and VM alike. */
import { describe, expect, it } from 'vitest'
import { compileLisp } from '../../../packages/core/src/compile.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import { emitModuleJs } from '../../../packages/core/src/emit-module/js.ts'
import { emitModuleTypes } from '../../../packages/core/src/emit-module/types.ts'
import { codecFor } from '../../../packages/core/src/runtime/codec.ts'
import { defineModule } from '../../../packages/core/src/runtime/define-module.ts'
import type { ArrayMap, XdpProgram } from '../../../packages/core/src/runtime/types.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../../packages/loader/src/index.ts'
import { canUseKernel } from '../../support/kernel-oracle.ts'

const SOURCE = `
(defstruct limits (low u32) (high u32))
(defglobal hits u64)
(defglobal level i32 -7)
(defglobal bounds limits '(1 9))
(defrodata min-uid u32 1000)
(defrodata name (array u8 4) "abc")
(defmap counts :type :array :key-size 4 :value-size 8 :max-entries 2)
(defprog p (:type :xdp)
  (incf hits)
  (incf (limits-high bounds) 2)
  (incf (getmap counts 0))
  (+ min-uid hits (limits-high bounds)))`

interface Shape {
  maps: { readonly counts: ArrayMap<bigint> }
  programs: { readonly p: XdpProgram }
  structs: object
  constants: object
  globals: {
    hits: bigint
    level: number
    bounds: { low: number; high: number }
    readonly minUid: number
    readonly name: Uint8Array
  }
  rodata: { readonly minUid: number; readonly name: Uint8Array }
}

const compiled = compileLisp(sourceFile('g.bpf.lisp', SOURCE))
const globals = Object.fromEntries(
  Object.entries({ hits: 'hits', level: 'level', bounds: 'bounds', minUid: 'min_uid', name: 'name' }).map(
    ([key, name]) => [
      key,
      { name, value: codecFor(compiled.module.globals!.find((decl) => decl.name === name)!.type, name) },
    ],
  ),
)
const module = defineModule<Shape>(
  {
    name: 'g.bpf.lisp',
    elf: compiled.elf,
    maps: { counts: { name: 'counts', kind: 'array', value: codecFor({ kind: 'int', bits: 64, signed: false }) } },
    programs: { p: { name: 'p', section: 'xdp', type: 'xdp' } },
    globals,
    structs: {},
    constants: {},
  },
  { vm: createVm, kernel: loadKernelObject },
)

const kernel = canUseKernel()

describe.each(['vm', 'kernel'] as const)('in the %s', (backend) => {
  const skip = backend === 'kernel' && !kernel.ok
  const note = skip && !kernel.ok ? ` (skipped: ${kernel.reason})` : ''

  it.skipIf(skip)(`variables are shared with the programs${note}`, () => {
    const obj = module.load({ backend })
    try {
      expect(obj.globals).toEqual({
        hits: 0n,
        level: -7,
        bounds: { low: 1, high: 9 },
        minUid: 1000,
        name: Uint8Array.of(97, 98, 99, 0),
      })
      expect(obj.programs.p.run(new Uint8Array(64)).retval).toBe(1000 + 1 + 11)
      expect(obj.globals.hits).toBe(1n)
      expect(obj.globals.bounds).toEqual({ low: 1, high: 11 })
      obj.globals.hits = 500n
      obj.globals.bounds = { low: 2, high: 100 }
      expect(obj.programs.p.run(new Uint8Array(64)).retval).toBe(1000 + 501 + 102)
      expect(obj.globals.hits).toBe(501n)
      // Variables and maps do not get in each other's way.
      expect(Object.keys(obj.maps)).toEqual(['counts'])
      expect(obj.maps.counts.get(0)).toBe(2n)
    } finally {
      obj.close()
    }
    expect(() => obj.globals.hits).toThrow('closed')
  })

  it.skipIf(skip)(`constants are set before loading, and frozen${note}`, () => {
    const obj = module.load({ backend, constants: { minUid: 5 } })
    const other = module.load({ backend })
    try {
      expect(obj.programs.p.run(new Uint8Array(64)).retval).toBe(5 + 1 + 11)
      expect(other.globals.minUid).toBe(1000)
      expect(obj.globals.minUid).toBe(5)
      expect(() => Object.assign(obj.globals, { minUid: 6 })).toThrow(TypeError)
      expect(() => obj.raw.maps.get('.rodata')!.update(new Uint8Array(4), new Uint8Array(8), 0)).toThrow()
      expect(obj.globals.minUid).toBe(5)
    } finally {
      obj.close()
      other.close()
    }
  })

  it.skipIf(skip)(`what is wrong is said${note}`, () => {
    expect(() => module.load({ backend, constants: { minUdi: 5 } as object })).toThrow(
      'no constant minUdi; did you mean minUid?',
    )
    expect(() => module.load({ backend, constants: { hits: 5n } as object })).toThrow('no constant hits')
    expect(() => module.load({ backend, constants: { minUid: -1 } })).toThrow(RangeError)
    const obj = module.load({ backend })
    try {
      expect(() => {
        obj.globals.level = 2 ** 40
      }).toThrow(RangeError)
      expect(obj.globals.level).toBe(-7)
    } finally {
      obj.close()
    }
  })
})

it('generated modules name the variables', () => {
  expect(emitModuleJs(compiled)).toContain('"minUid": { name: "min_uid", value: /*#__PURE__*/ codecFor(')
  const { text } = emitModuleTypes(compiled.module)
  expect(text).toContain(
    '  globals: {\n    hits: bigint\n    level: number\n    bounds: Limits\n    readonly minUid: number\n    readonly name: Uint8Array\n  }\n' +
      '  rodata: {\n    readonly minUid: number\n    readonly name: Uint8Array\n  }',
  )
})
