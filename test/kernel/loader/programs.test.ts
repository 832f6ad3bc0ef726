/** Programs in the kernel: running them on given bytes, tail calls, what the verifier refuses, names. */

import type { BpfObject, LineInfo } from '@unplugin-bpf/core/object'
import { kernelUsable, loadKernelObject, SyscallError, VerifierError } from '@unplugin-bpf/loader'
import { afterEach, describe, expect, it } from 'vitest'
import * as asm from './asm.ts'

const usable = kernelUsable()
const title = usable.ok ? 'programs in the kernel' : `programs in the kernel (skipped: ${usable.reason})`

const opened: Disposable[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one[Symbol.dispose]()
})

function load(object: BpfObject) {
  const loaded = loadKernelObject(object)
  opened.push(loaded)
  return loaded
}

function refusal(object: BpfObject): VerifierError {
  try {
    load(object)
  } catch (error) {
    if (error instanceof VerifierError) return error
    throw error
  }
  throw new Error('the kernel accepted the program')
}

const u32 = (value: number) => new Uint8Array(new Uint32Array([value]).buffer)

/** A line per instruction: `line 3` stands for the instruction at slot 2. */
const linesFor = (slots: readonly number[]): LineInfo[] =>
  slots.map((slot, i) => ({ slot, file: 'bad.bpf.lisp', text: `  (source line ${i + 1})`, line: i + 1, column: 3 }))

describe.skipIf(!usable.ok)(title, () => {
  it('runs XDP on a packet and counts in an array map', () => {
    const loaded = load(asm.counter())
    const result = loaded.programs.get('counter')!.run({ data: new Uint8Array(64).fill(7), repeat: 5 })
    expect(result.retval).toBe(2)
    expect(result.data).toEqual(new Uint8Array(64).fill(7))
    expect(new DataView(loaded.maps.get('counts')!.lookup(u32(0))!.buffer).getBigUint64(0, true)).toBe(5n)
    expect(() => loaded.programs.get('counter')!.run({ data: new Uint8Array(5) })).toThrow(
      'xdp programs need a packet of at least 14 bytes; 5 were given',
    )
  })

  it('gives the context to a TC program and takes it back', () => {
    // mark = 77; return mark of before
    const insns = [asm.load32(0, 1, 8), asm.store32(1, 8, 77), asm.exit()]
    const type = { type: 'sched_cls', section: 'tc', attachType: undefined }
    const loaded = load(asm.object([], [asm.program('marker', insns, type)]))
    const ctx = new Uint8Array(192)
    ctx[8] = 42
    const result = loaded.programs.get('marker')!.run({ data: new Uint8Array(64), ctx })
    expect(result.retval).toBe(42)
    expect(result.ctx![8]).toBe(77)
    expect(ctx[8]).toBe(42)
  })

  it('runs a syscall program, whose context is changed in place', () => {
    const insns = [asm.load64(2, 1, 0), asm.addImm(2, 1), asm.storeReg64(1, 0, 2), asm.movImm(0, 9), asm.exit()]
    const type = { type: 'syscall', section: 'syscall', attachType: undefined }
    const spec = asm.program('inc', insns, type)
    const loaded = load(asm.object([], [spec]))
    const result = loaded.programs.get('inc')!.run({ ctx: new Uint8Array([41, 0, 0, 0, 0, 0, 0, 0]) })
    expect(result.retval).toBe(9)
    expect(result.ctx).toEqual(new Uint8Array([42, 0, 0, 0, 0, 0, 0, 0]))
  })

  it('calls another program through a prog array', () => {
    const insns = [asm.loadMap(2), asm.movImm(3, 1), asm.call(asm.HELPERS.tailCall), asm.movImm(0, 1), asm.exit()]
    const entry = asm.program('entry', insns, { relocations: [asm.mapAt(0, 'jumps')] })
    const target = asm.program('target', [asm.movImm(0, 3), asm.exit()])
    const jumps = asm.mapSpec('jumps', 'prog_array', { valueSize: 4 })
    const loaded = load(asm.object([jumps], [entry, target]))
    const run = () => loaded.programs.get('entry')!.run({ data: new Uint8Array(64) }).retval
    expect(run()).toBe(1)
    loaded.maps.get('jumps')!.setProgram(1, loaded.programs.get('target')!)
    expect(run()).toBe(3)
    expect(loaded.maps.get('jumps')!.delete(u32(1))).toBe(true)
    expect(run()).toBe(1)
  })

  it('points at the line of an unsafe access', () => {
    // r0 = *(u8 *)(packet + 0) without a bounds check
    const insns = [asm.load32(2, 1, 0), asm.load32(3, 1, 4), asm.load8(0, 2, 0), asm.exit()]
    const error = refusal(asm.object([], [asm.program('unsafe', insns, { lines: linesFor([0, 1, 2, 3]) })]))
    expect(error.location).toEqual({ file: 'bad.bpf.lisp', line: 3, column: 3 })
    expect(error.slot).toBe(2)
    expect(error.code).toBe('EACCES')
    expect(error.reason).toMatch(/^invalid access to packet, off=0 size=1/)
    expect(error.message.split('\n').slice(0, 3)).toEqual([
      `bad.bpf.lisp:3:3: the kernel refuses program "unsafe": ${error.reason}`,
      '    3 |   (source line 3)',
      '      |   ^',
    ])
    expect(error.log).toContain('2: (71) r0 = *(u8 *)(r2 +0)')
  })

  it('points at the slot after a two-slot instruction', () => {
    const insns = [asm.loadMap(1), asm.load64(0, 1, 0), asm.load64(0, 0, 0), asm.exit()]
    const spec = asm.program('wide', insns, { relocations: [asm.mapAt(0, 'm')], lines: linesFor([0, 2, 3, 4]) })
    expect(refusal(asm.object([asm.mapSpec('m', 'hash')], [spec])).location?.line).toBe(3)
  })

  it('finds the slot of a fault in the structure', () => {
    const endless = asm.program('endless', [asm.movImm(0, 0), { ...asm.jumpEq(0, 0, -2) }, asm.exit()], {
      lines: linesFor([0, 1, 2]),
    })
    const looping = refusal(asm.object([], [endless]))
    expect(looping.reason).toMatch(/infinite loop|back-edge/)
    const dead = asm.program('dead', [asm.movImm(0, 0), asm.exit(), asm.movImm(0, 1), asm.exit()], {
      lines: linesFor([0, 1, 2, 3]),
    })
    const unreachable = refusal(asm.object([], [dead]))
    expect(unreachable.reason).toBe('unreachable insn 2')
    expect(unreachable.location?.line).toBe(3)
    const outside = asm.program('outside', [asm.movImm(0, 0), asm.jumpEq(0, 0, 9), asm.exit()], {
      lines: linesFor([0, 1, 2]),
    })
    expect(refusal(asm.object([], [outside])).location?.line).toBe(2)
  })

  it('says so when the program has no lines', () => {
    const error = refusal(asm.object([], [asm.program('bare', [asm.exit()])]))
    expect(error.message).toMatch(
      /^the kernel refuses program "bare": R0 !read_ok\n {2}at slot 0; the program has no line/,
    )
    expect(error.location).toBeUndefined()
  })

  it('keeps a long log and shows its end', () => {
    const insns = [...Array.from({ length: 20000 }, (_, i) => asm.movImm(2, i)), asm.load8(0, 2, 0), asm.exit()]
    const error = refusal(asm.object([], [asm.program('long', insns)]))
    expect(error.slot).toBe(20000)
    expect(error.log.length).toBeGreaterThan(500_000)
    expect(error.message).toMatch(/the first \d{5} lines are in error\.log/)
    expect(error.message.length).toBeLessThan(2000)
  })

  it('maps every name to one that the kernel takes', () => {
    const loaded = load(asm.counter('a-name/that is: far too long ü'))
    expect(loaded.programs.size).toBe(1)
  })

  it('refuses what it cannot load or attach, by name', () => {
    const tracing = {
      type: 'tracing',
      section: 'fentry/no_such_fn',
      attachType: 'TRACE_FENTRY',
      attachTarget: 'no_such_fn',
    }
    expect(() => load(asm.object([], [asm.program('x', [asm.exit()], tracing)]))).toThrow(
      /this kernel has no no_such_fn/,
    )
    const route = { type: 'lwt_in', section: 'lwt_in', attachType: undefined }
    const tunnel = load(asm.object([], [asm.program('x', [asm.movImm(0, 0), asm.exit()], route)]))
    expect(() => tunnel.programs.get('x')!.attach({})).toThrow('they belong to a route')
    const loaded = load(asm.counter())
    expect(() => loaded.programs.get('counter')!.attach({})).toThrow('needs an interface')
    expect(() => loaded.programs.get('counter')!.attach({ ifname: 'nowhere0' })).toThrow(SyscallError)
    expect(() => loaded.programs.get('counter')!.attach({ ifname: 'nowhere0' })).toThrow(
      /interfaces of this network .*\blo\b/,
    )
    const attach = (options: object) => () => loaded.programs.get('counter')!.attach(options)
    expect(attach({ ifnme: 'lo' })).toThrow(/no option "ifnme" for xdp programs; it takes ifname.*similar: ifname/)
    expect(attach({ ifname: 'lo', direction: 'egress' })).toThrow('no option "direction" for xdp programs')
    expect(attach({ ifname: 'lo', mode: 'nativ' })).toThrow(/"nativ" is none of .*; similar: native/)
  })
})
