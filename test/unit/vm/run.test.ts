import { describe, expect, test } from 'vitest'
import { type StepState, VmFault } from '../../../packages/core/src/entry/vm.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { type AsmProgram, asmObject, mapSpec } from '../../support/asm-object.ts'

const packet = Uint8Array.from({ length: 60 }, (_, i) => i)
const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer)
const u64 = (value: bigint) => new Uint8Array(BigUint64Array.of(value).buffer)
const read64 = (bytes: Uint8Array | undefined) =>
  bytes && new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)

function run(program: AsmProgram | string, data: Uint8Array = packet) {
  return createVm(asmObject({ p: program }))
    .programs.get('p')!
    .run({ data })
}

const COUNT = `
  r6 = r1
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = map hits
  call bpf_map_lookup_elem
  if r0 == 0 goto out
  r1 = 1
  lock *(u64 *)(r0 + 0) += r1
out:
  r0 = 2
  exit`

describe('runs', () => {
  test('counts in an array map', () => {
    const vm = createVm(asmObject({ p: COUNT }, [mapSpec('hits', 'array')]))
    for (let i = 0; i < 3; i++) expect(vm.programs.get('p')!.run({ data: packet }).retval).toBe(2)
    expect(read64(vm.maps.get('hits')!.lookup(u32(0)))).toBe(3n)
    expect(read64(vm.maps.get('hits')!.lookup(u32(1)))).toBe(0n)
    expect(vm.maps.get('hits')!.lookup(u32(4))).toBeUndefined()
  })

  test('writes through the address of a map value', () => {
    const text = `
      r1 = value hits+8
      r2 = 77
      *(u64 *)(r1 + 0) = r2
      r0 = 0
      exit`
    const vm = createVm(asmObject({ p: text }, [mapSpec('hits', 'array')]))
    vm.programs.get('p')!.run({ data: packet })
    expect(read64(vm.maps.get('hits')!.lookup(u32(1)))).toBe(77n)
  })

  test('sees the packet between data and data_end, and changes it', () => {
    const result = run(`
      r2 = *(u32 *)(r1 + 0)
      r3 = *(u32 *)(r1 + 4)
      r4 = r2
      r4 += 60
      r0 = 1
      if r4 > r3 goto out
      *(u8 *)(r2 + 59) = 255
      r0 = r3
      r0 -= r2
    out:
      exit`)
    expect(result.retval).toBe(60)
    expect(result.data[59]).toBe(255)
    expect(packet[59]).toBe(59)
  })

  test('BPF-to-BPF calls keep r6 to r9 and have stacks of their own', () => {
    const result = run(`
      r6 = 5
      *(u64 *)(r10 - 8) = 7
      r1 = 3
      call pc double
      r1 = *(u64 *)(r10 - 8)
      r0 += r6
      r0 += r1
      exit
    double:
      r6 = 100
      *(u64 *)(r10 - 8) = 100
      r0 = r1
      r0 += r1
      exit`)
    expect(result.retval).toBe(6 + 5 + 7)
  })

  test('trace hook sees every instruction', () => {
    const steps: string[] = []
    const onStep = (s: StepState) => steps.push(`${s.slot}/${s.depth}:${s.register(0) & 0xffn}`)
    const vm = createVm(asmObject({ p: 'r0 = 1\nr1 = 5 ll\nr0 += 1\nexit' }), { onStep })
    vm.programs.get('p')!.run({ data: packet })
    expect(steps.slice(1)).toEqual(['1/0:1', '3/0:1', '4/0:2'])
  })

  test('packet programs need an Ethernet header, as in the kernel', () => {
    expect(() => run('r0 = 0\nexit', new Uint8Array(13))).toThrow(/at least 14 bytes.*EINVAL/)
  })

  test('context-only programs read what they are given', () => {
    const text = 'r0 = *(u32 *)(r1 + 24)\nexit'
    const vm = createVm(asmObject({ p: { text, type: 'tracepoint' } }))
    const ctx = new Uint8Array(32)
    ctx[24] = 9
    expect(vm.programs.get('p')!.run({ ctx }).retval).toBe(9)
    expect(() => vm.programs.get('p')!.run({ ctx: new Uint8Array(26) })).toThrow(/4 bytes at offset 24 of the context/)
  })

  test('a hook cannot start another run', () => {
    const vm = createVm(asmObject({ p: 'r0 = 1\nexit' }), {
      onStep: () => void vm.programs.get('p')!.run({ data: packet }),
    })
    expect(() => vm.programs.get('p')!.run({ data: packet })).toThrow('from inside a run')
  })

  test('a syscall program changes its context', () => {
    const vm = createVm(asmObject({ p: { text: '*(u32 *)(r1 + 4) = 7\nr0 = 0\nexit', type: 'syscall' } }))
    expect(vm.programs.get('p')!.run({ ctx: new Uint8Array(8) }).ctx?.[4]).toBe(7)
  })

  test('using a closed VM is an error', () => {
    const vm = createVm(asmObject({ p: 'r0 = 0\nexit' }, [mapSpec('hits', 'array')]))
    vm.close()
    vm.close()
    expect(() => vm.programs.get('p')!.run({ data: packet })).toThrow('closed')
    expect(() => vm.maps.get('hits')!.lookup(u32(0))).toThrow('closed')
  })
})

describe('faults', () => {
  test.each([
    ['null pointer', 'r1 = 0\nr0 = *(u64 *)(r1 + 0)\nexit', 'read of 8 bytes through a null pointer'],
    ['small address', 'r1 = 0\nr0 = *(u64 *)(r1 + 16)\nexit', 'a null pointer plus 16'],
    ['integer', 'r1 = 123456 ll\nr0 = *(u64 *)(r1 + 0)\nexit', '0x1e240, which is not a pointer'],
    ['below the stack', '*(u64 *)(r10 - 520) = 1\nexit', 'write of 8 bytes at offset -8 of the stack, which has 512'],
    ['above the stack', 'r0 = *(u32 *)(r10 + 0)\nexit', 'offset 512 of the stack'],
    ['past the packet', 'r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 60)\nexit', 'offset 60 of the packet, which has 60'],
    ['before the packet', 'r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 - 1)\nexit', 'offset -1 of the packet'],
    ['read-only context', '*(u32 *)(r1 + 0) = 5\nexit', 'xdp_md.data, which xdp programs may not write'],
    ['half a pointer', 'r0 = *(u16 *)(r1 + 0)\nexit', 'read of 2 bytes of xdp_md.data, a pointer'],
    ['end of program', 'r0 = 0', 'ran past the last instruction'],
    ['endless loop', 'l:\ngoto l', 'still running after 1000000 instructions'],
    ['endless recursion', 'f:\ncall pc f\nexit', 'more than 8 call frames'],
    ['clobbered register', 'call bpf_ktime_get_ns\nr0 = *(u8 *)(r1 + 0)\nexit', 'which is not a pointer'],
    ['helper without VM', 'call bpf_sk_release\nexit', 'does not simulate the helper sk_release'],
    ['not a map', 'r1 = 0\ncall bpf_map_lookup_elem\nexit', 'r1 is not a map'],
    ['misaligned atomic', 'r0 = 0\nlock *(u64 *)(r10 - 12) += r0\nexit', 'misaligned atomic access'],
  ])('%s', (_, text, message) => {
    expect(() => run(text)).toThrow(message)
  })

  test('a map value is bounded by its size, not by the map', () => {
    const text = COUNT.replace('lock *(u64 *)(r0 + 0) += r1', 'r1 = *(u64 *)(r0 + 4)')
    const vm = createVm(asmObject({ p: text }, [mapSpec('hits', 'array')]))
    expect(() => vm.programs.get('p')!.run({ data: packet })).toThrow(
      'read of 8 bytes at offset 4 of a value of map hits, which has 8 bytes',
    )
  })

  test('say where: program, slot, source line, instruction, registers', () => {
    const lines = [
      { slot: 0, file: 'a.bpf.lisp', text: '(let ((x 5))', line: 3, column: 1 },
      { slot: 2, file: 'a.bpf.lisp', text: '  (load u8 x 0)', line: 4, column: 3 },
    ]
    const vm = createVm(asmObject({ p: { text: 'r3 = 5 ll\nr0 = *(u8 *)(r3 + 0)\nexit', lines } }))
    try {
      vm.programs.get('p')!.run({ data: packet })
      expect.fail('no fault')
    } catch (error) {
      expect(error).toBeInstanceOf(VmFault)
      const fault = error as VmFault
      expect(fault.message).toContain('program p: read of 1 bytes')
      expect(fault.message).toContain('at slot 2: r0 = *(u8 *)(r3 + 0)')
      expect(fault.message).toContain('at a.bpf.lisp:4:3: (load u8 x 0)')
      expect(fault.message).toContain('r3=0x5 ')
      expect([fault.slot, fault.line?.line, fault.registers[3]]).toEqual([2, 4, 5n])
    }
  })

  test('a fault leaves the VM usable', () => {
    const vm = createVm(asmObject({ bad: 'r1 = 0\nr0 = *(u8 *)(r1 + 0)\nexit', good: 'r0 = 7\nexit' }))
    expect(() => vm.programs.get('bad')!.run({ data: packet })).toThrow(VmFault)
    expect(vm.programs.get('good')!.run({ data: packet }).retval).toBe(7)
  })

  test('illegal programs are refused when the VM is made', () => {
    const illegal = { opcode: 0xff, dst: 0, src: 0, off: 0, imm: 0 }
    const object = asmObject({ p: 'exit' })
    expect(() => createVm({ ...object, programs: [{ ...object.programs[0]!, insns: [illegal] }] })).toThrow('slot 0')
    expect(() => createVm(asmObject({ p: 'if r0 == 0 goto +5\nexit' }))).toThrow('jump to slot 6')
    expect(() => createVm(asmObject({ p: 'exit' }, [mapSpec('m', 'sockmap')]))).toThrow('does not simulate maps')
  })
})

describe('tail calls', () => {
  const maps = [mapSpec('jump', 'prog_array', { valueSize: 4 }), mapSpec('hits', 'array')]
  const bump = `
    r6 = r1
    r1 = value hits+0
    r2 = *(u64 *)(r1 + 0)
    r2 += 1
    *(u64 *)(r1 + 0) = r2
    r1 = r6
    r2 = map jump
    r3 = 0
    call bpf_tail_call
    r0 = 42
    exit`

  test('33 at most, then execution goes on', () => {
    const vm = createVm(asmObject({ p: bump }, maps))
    vm.maps.get('jump')!.setProgram!(0, vm.programs.get('p')!)
    expect(vm.programs.get('p')!.run({ data: packet }).retval).toBe(42)
    expect(read64(vm.maps.get('hits')!.lookup(u32(0)))).toBe(34n)
  })

  test('an empty entry falls through; a program gets the context in r1', () => {
    const vm = createVm(asmObject({ p: bump, q: 'r0 = *(u32 *)(r1 + 12)\nexit' }, maps))
    const p = vm.programs.get('p')!
    expect(p.run({ data: packet }).retval).toBe(42)
    vm.maps.get('jump')!.setProgram!(0, vm.programs.get('q')!)
    expect(p.run({ data: packet }).retval).toBe(1)
    expect(vm.maps.get('jump')!.delete(u32(0))).toBe(true)
    expect(p.run({ data: packet }).retval).toBe(42)
  })

  test('only programs of the same object and one type', () => {
    const vm = createVm(asmObject({ p: bump, t: { text: 'r0 = 0\nexit', type: 'sched_cls' } }, maps))
    const jump = vm.maps.get('jump')!
    const stranger = createVm(asmObject({ p: 'exit' })).programs.get('p')!
    expect(() => jump.setProgram!(0, stranger)).toThrow('another object')
    jump.setProgram!(0, vm.programs.get('p')!)
    expect(() => jump.setProgram!(1, vm.programs.get('t')!)).toThrow('EINVAL')
    expect(() => jump.setProgram!(4, vm.programs.get('p')!)).toThrow('E2BIG')
  })
})

describe('helpers', () => {
  test('task, CPU and time come from the options', () => {
    const text = `
      call bpf_get_current_pid_tgid
      r6 = r0
      call bpf_get_current_uid_gid
      r7 = r0
      call bpf_ktime_get_ns
      r8 = r0
      call bpf_get_smp_processor_id
      r9 = r0
      r1 = value out+0
      *(u64 *)(r1 + 0) = r6
      *(u64 *)(r1 + 8) = r7
      *(u64 *)(r1 + 16) = r8
      *(u64 *)(r1 + 24) = r9
      r1 += 32
      r2 = 16
      call bpf_get_current_comm
      r0 = 0
      exit`
    const vm = createVm(asmObject({ p: text }, [mapSpec('out', 'array', { maxEntries: 1, valueSize: 48 })]), {
      task: { pid: 1, tgid: 2, uid: 3, gid: 4, comm: 'curl' },
      now: () => 12345678901234n,
      cpus: 4,
      cpu: 3,
    })
    vm.programs.get('p')!.run({ data: packet })
    const out = vm.maps.get('out')!.lookup(u32(0))!
    const words = [...new BigUint64Array(out.slice(0, 32).buffer)]
    expect(words).toEqual([0x2_0000_0001n, 0x4_0000_0003n, 12345678901234n, 3n])
    expect(new TextDecoder().decode(out.subarray(32)).replace(/\0+$/, '')).toBe('curl')
  })

  test('random numbers repeat with the seed', () => {
    const text = 'call bpf_get_prandom_u32\nexit'
    const draw = (seed: number) => {
      const program = createVm(asmObject({ p: text }), { seed }).programs.get('p')!
      return [program.run({ data: packet }).retval, program.run({ data: packet }).retval]
    }
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
    expect(draw(1)[0]).not.toBe(draw(1)[1])
  })

  test('trace_printk goes to the hook', () => {
    const lines: string[] = []
    const format = 'v %d %x'
    const stores = [...new TextEncoder().encode(`${format}\0`)]
      .map((byte, i) => `*(u8 *)(r10 - ${16 - i}) = ${byte}`)
      .join('\n')
    const text = `${stores}\nr1 = r10\nr1 += -16\nr2 = ${format.length + 1}\nr3 = -5\nr4 = 255\ncall bpf_trace_printk\nexit`
    const vm = createVm(asmObject({ p: text }), { onPrintk: (line) => lines.push(line) })
    expect(vm.programs.get('p')!.run({ data: packet }).retval).toBe('v -5 ff'.length)
    expect(lines).toEqual(['v -5 ff'])
  })

  test('probe_read of a foreign address is -EFAULT and leaves zeros', () => {
    const text = `
      *(u64 *)(r10 - 8) = -1
      r1 = r10
      r1 += -8
      r2 = 8
      r3 = 99999 ll
      call bpf_probe_read_kernel
      if r0 != -14 goto bad
      r0 = *(u64 *)(r10 - 8)
      exit
    bad:
      r0 = 1
      exit`
    expect(run(text).retval).toBe(0)
  })

  test('packet pointers from before a helper that moves the packet fault', () => {
    const text = `
      r6 = r1
      r7 = *(u32 *)(r1 + 0)
      r2 = -8
      call bpf_xdp_adjust_head
      r0 = *(u8 *)(r7 + 0)
      exit`
    expect(() => run(text)).toThrow('a packet pointer from before the call of xdp_adjust_head')
    const reread = text.replace('r0 = *(u8 *)(r7', 'r7 = *(u32 *)(r6 + 0)\n      r0 = *(u8 *)(r7')
    expect(run(reread).retval).toBe(0)
  })

  test('an unreleased ring buffer record is a fault and does not block the ring', () => {
    const reserve = 'r1 = map ring\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\n'
    const send = `${reserve}if r0 == 0 goto out\n*(u64 *)(r0 + 0) = 7\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\nout:\nr0 = 0\nexit`
    const after = `${reserve}r6 = r0\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\n*(u64 *)(r6 + 0) = 7\nexit`
    const maps = [mapSpec('ring', 'ringbuf', { keySize: 0, valueSize: 0, maxEntries: 4096 })]
    const vm = createVm(asmObject({ leak: `${reserve}r0 = 0\nexit`, send, after }, maps))
    expect(() => vm.programs.get('leak')!.run({ data: packet })).toThrow('without submitting or discarding')
    expect(() => vm.programs.get('after')!.run({ data: packet })).toThrow('which was given back')
    vm.programs.get('send')!.run({ data: packet })
    const records: bigint[] = []
    expect(vm.maps.get('ring')!.ring!.drain((bytes) => records.push(read64(bytes)!), 10)).toBe(2)
    expect(records.at(-1)).toBe(7n)
  })
})

describe('atomics', () => {
  test.each([
    ['lock *(u64 *)(r10 - 8) += r1', 10n, 3n, 3n],
    ['lock *(u64 *)(r10 - 8) |= r1', 11n, 3n, 3n],
    ['lock *(u64 *)(r10 - 8) &= r1', 2n, 3n, 3n],
    ['lock *(u64 *)(r10 - 8) ^= r1', 9n, 3n, 3n],
  ])('%s', (line, memory, register) => {
    const start = line.includes('+=') ? 7 : 10
    const text = `*(u64 *)(r10 - 8) = ${start}\nr1 = 3\n${line}\nr2 = value out+0\n*(u64 *)(r2 + 8) = r1\nr1 = *(u64 *)(r10 - 8)\n*(u64 *)(r2 + 0) = r1\nr0 = 0\nexit`
    const vm = createVm(asmObject({ p: text }, [mapSpec('out', 'array', { maxEntries: 1, valueSize: 16 })]))
    vm.programs.get('p')!.run({ data: packet })
    const out = [...new BigUint64Array(vm.maps.get('out')!.lookup(u32(0))!.buffer)]
    expect(out).toEqual([memory, register])
  })
})

test('values written by user space are what the program reads', () => {
  const text = COUNT.replace('r0 = 2', 'r0 = r0')
    .replace('r1 = 1\n', 'r0 = *(u64 *)(r0 + 0)\n')
    .replace(/lock.*\n/, '')
  const vm = createVm(asmObject({ p: text }, [mapSpec('hits', 'hash')]))
  expect(vm.programs.get('p')!.run({ data: packet }).retval).toBe(0)
  vm.maps.get('hits')!.update(u32(0), u64(99n), 0)
  expect(vm.programs.get('p')!.run({ data: packet }).retval).toBe(99)
})
