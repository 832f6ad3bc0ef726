/** Kernel data in Lisp: what needs BTF or a format and what does not, and every refusal with its text. */
import { describe, expect, it } from 'vitest'
import { BtfWriter } from '../../../packages/core/src/btf/writer.ts'
import { compileLisp } from '../../../packages/core/src/compile.ts'
import { CompileError } from '../../../packages/core/src/diag/compile-error.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import type { Host } from '../../../packages/core/src/host.ts'
import { fromElf } from '../../../packages/core/src/object/from-elf.ts'
import { parseTracepointFormat, shippedTracepoint } from '../../../packages/core/src/tables/tracepoints.ts'

/** A small kernel: task_struct with a pointer, a nested struct, an anonymous union and a bitfield. */
function smallKernel(): Uint8Array {
  const w = new BtfWriter()
  const u32 = w.add({ kind: 'int', name: 'unsigned int', size: 4, encoding: 0, bits: 32, bitOffset: 0 })
  const u64 = w.add({ kind: 'int', name: 'u64', size: 8, encoding: 0, bits: 64, bitOffset: 0 })
  const char = w.add({ kind: 'int', name: 'char', size: 1, encoding: 1, bits: 8, bitOffset: 0 })
  const comm = w.add({ kind: 'array', name: '', type: char, indexType: u32, length: 16 })
  const at = (name: string, type: number, bytes: number, bitSize = 0) => ({ name, type, bitOffset: bytes * 8, bitSize })
  const se = w.add({
    kind: 'struct',
    name: 'sched_entity',
    size: 16,
    members: [at('load', u64, 0), at('vruntime', u64, 8)],
  })
  const mm = w.add({ kind: 'struct', name: 'mm_struct', size: 8, members: [at('users', u32, 0)] })
  const mmPtr = w.add({ kind: 'ptr', name: '', type: mm })
  const anonymous = w.add({ kind: 'union', name: '', size: 4, members: [at('pid', u32, 0), at('tid', u32, 0)] })
  w.add({
    kind: 'struct',
    name: 'task_struct',
    size: 64,
    members: [at('', anonymous, 0), at('flag', u32, 4, 1), at('mm', mmPtr, 8), at('se', se, 16), at('comm', comm, 32)],
  })
  const task = w.add({ kind: 'ptr', name: '', type: 9 })
  const proto = w.add({
    kind: 'funcProto',
    name: '',
    returnType: u32,
    params: [
      { name: 'task', type: task },
      { name: 'how', type: u32 },
    ],
  })
  w.add({ kind: 'func', name: 'do_thing', type: proto, linkage: 'static' })
  return w.finish()
}
const bytes = smallKernel()
const host: Host = { kernelBtf: () => bytes }

const compile = (source: string, on: Host = host) => compileLisp(sourceFile('t.bpf.lisp', source), on)
const kprobe = (body: string, before = '') =>
  `${before}(defprog p (:type :kprobe :section "kprobe/do_thing") ${body} 0)`

function problem(source: string, on: Host = host): string {
  try {
    compile(source, on)
  } catch (error) {
    if (!(error instanceof CompileError)) throw error
    return error.diagnostics.map((d) => [`${d.code}: ${d.message}`, d.hint ?? ''].join('\n')).join('\n')
  }
  throw new Error('compiled')
}

describe('kernel structs', () => {
  it('every access is a relocation that survives ELF', () => {
    const { object, elf } = compile(
      kprobe(
        '(let ((task (get-current-task))) (task-struct-pid task) (mm-struct-users (task-struct-mm task)) (task-struct-se.vruntime task) (task-struct-comm task) (sched-entity-load (task-struct-se task)))',
        '(import-kernel-struct task-struct) (import-kernel-struct task-struct se.vruntime) (import-kernel-struct mm-struct) (import-kernel-struct sched-entity)',
      ),
    )
    const relocations = object.programs[0]!.coreRelocations!
    expect(relocations.map((r) => r.kind)).toEqual(relocations.map(() => 'fieldByteOffset'))
    expect(relocations.length).toBeGreaterThanOrEqual(4)
    expect(fromElf(elf).programs[0]!.coreRelocations).toEqual(relocations)
  })

  it('imports give the size as a constant', () => {
    expect(
      compile(kprobe('(struct-alloc +task-struct-size+)', '(import-kernel-struct task-struct pid)')).object.programs,
    ).toHaveLength(1)
  })

  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      'an unknown struct',
      '(import-kernel-struct task-strukt)',
      /unknown-struct: the kernel has no struct or union named `task-strukt`\n.*task-struct/,
    ],
    [
      'an unknown field',
      '(import-kernel-struct task-struct pidd)',
      /unknown-field: the kernel struct `task-struct` has no field `pidd`\n.*pid/,
    ],
    ['an unknown nested field', '(import-kernel-struct task-struct se.nope)', /`task-struct.se` has no field/],
    [
      'a bitfield',
      '(import-kernel-struct task-struct flag)',
      /unsupported: the field `flag` of `task-struct` is a bitfield/,
    ],
    [
      'another struct than expected',
      kprobe('(task-struct-pid (task-struct-mm (get-current-task)))', '(import-kernel-struct task-struct)'),
      /pointer-misuse: .* points to a `mm-struct`, but a `task-struct` is expected\n.*as-task-struct/,
    ],
    [
      'another struct, through variables',
      kprobe(
        '(let* ((mm (task-struct-mm (get-current-task))) (x mm)) (task-struct-pid x))',
        '(import-kernel-struct task-struct)',
      ),
      /pointer-misuse: `x` points to a `mm-struct`/,
    ],
    [
      'a load of another width',
      kprobe('(core-load u64 (get-current-task-btf) task-struct pid)'),
      /size-mismatch: .* has 4 bytes, u64 has 8\nuse u32/,
    ],
    [
      'a load of an array',
      kprobe('(core-load u64 (get-current-task-btf) task-struct comm)'),
      /bad-type: .* is an array/,
    ],
    [
      'a direct load through a number',
      kprobe('(core-load u32 (get-current-task) task-struct pid)'),
      /pointer-misuse: this is a number/,
    ],
    [
      'an unknown argument',
      kprobe('(arg nope)'),
      /unknown-field: `kprobe\/do_thing` has no argument `nope`\n.*task, how/,
    ],
    [
      'an argument where there is none',
      '(defprog p (:type :xdp) (arg x) 0)',
      /bad-syntax: `arg` reads arguments of a kernel function/,
    ],
    [
      'a result at the entry',
      '(defprog p (:type :fentry :section "fentry/do_thing") (arg :return) 0)',
      /runs before there is a result/,
    ],
    [
      'an enumerator without a number',
      kprobe('(core-enum-value mode ON)'),
      /unknown-field: the kernel has no enum named `mode`/,
    ],
  ]
  it.each(cases)('refuses %s', (_, source, message) => expect(problem(source)).toMatch(message))

  it('warns when the address of an embedded field is added to its struct', () => {
    const source = (body: string) =>
      kprobe(`(let ((task (get-current-task))) ${body})`, '(import-kernel-struct task-struct)')
    const sum = 'two kernel addresses are added'
    for (const body of ['(+ task (task-struct-comm task))', '(let ((comm (task-struct-comm task))) (+ comm task))']) {
      expect(compile(source(body)).warnings.map(({ message }) => message)).toEqual([expect.stringContaining(sum)])
    }
    for (const body of ['(+ (task-struct-comm task) 4)', '(+ task 8)'])
      expect(compile(source(body)).warnings).toEqual([])
  })

  it('a cast says that it is meant', () => {
    const source = kprobe(
      '(task-struct-pid (as-task-struct (task-struct-mm (get-current-task))))',
      '(import-kernel-struct task-struct)',
    )
    expect(compile(source).object.programs).toHaveLength(1)
  })

  it('arguments by name', () => {
    const body = '(task-struct-pid (arg task)) (arg how)'
    const { object } = compile(kprobe(body, '(import-kernel-struct task-struct)'))
    expect(object.programs[0]!.coreRelocations).toHaveLength(1)
  })

  it('without BTF the message says where to get it', () => {
    expect(problem('(import-kernel-struct task-struct)', {})).toMatch(
      /no-kernel-types: .*\n.*\/sys\/kernel\/btf\/vmlinux.*BTFHub.*--btf/,
    )
    expect(problem(kprobe('(arg task)'), {})).toMatch(/no-kernel-types/)
    expect(problem(kprobe('(core-load u32 (get-current-task-btf) task-struct pid)'), {})).toMatch(/no-kernel-types/)
    expect(problem('(import-kernel-struct x)', { kernelBtf: () => Uint8Array.of(1, 2, 3) })).toMatch(
      /no-kernel-types: .*cannot be read/,
    )
  })

  it('offsets and numbers that are given need no BTF', () => {
    const { object } = compile(
      kprobe(
        '(setf (getmap m 0) (+ (core-load u32 (get-current-task-btf) 8 task-struct pid) (core-field-exists task-struct pid) (core-type-exists x :union) (core-enum-value mode ON 3) (arg 1)))',
        '(defmap m :type :array :key-size 4 :value-size 8 :max-entries 1)',
      ),
      {},
    )
    expect(object.programs[0]!.coreRelocations!.map((r) => r.kind).sort()).toEqual([
      'enumValue',
      'fieldByteOffset',
      'fieldExists',
      'typeExists',
    ])
  })
})

describe('tracepoints', () => {
  const program = (body: string, event = 'sched/sched_switch') =>
    `(defprog p (:type :tracepoint :section "tracepoint/${event}") ${body} 0)`

  it('formats are parsed', () => {
    const text = `name: x\nID: 1\nformat:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;

	field:__data_loc char[] name;	offset:8;	size:4;	signed:0;
	field:char comm[16];	offset:12;	size:16;	signed:0;
	field:long state;	offset:32;	size:8;	signed:1;
	field:const char * file;	offset:40;	size:8;	signed:0;
	field:struct sockaddr_in6 addr;	offset:48;	size:28;	signed:0;
	field:u16 list[3];	offset:76;	size:6;	signed:0;

print fmt: "%s", REC->name`
    expect(parseTracepointFormat(text)).toEqual([
      { name: 'name', offset: 8, type: { kind: 'int', bits: 32, signed: false }, dataLoc: true },
      { name: 'comm', offset: 12, type: { kind: 'int', bits: 8, signed: false }, length: 16 },
      { name: 'state', offset: 32, type: { kind: 'int', bits: 64, signed: true } },
      { name: 'file', offset: 40, type: { kind: 'int', bits: 64, signed: false } },
      { name: 'addr', offset: 48, type: { kind: 'int', bits: 8, signed: false }, length: 28 },
      { name: 'list', offset: 76, type: { kind: 'int', bits: 16, signed: false }, length: 3 },
    ])
  })

  it('common events are shipped', () => {
    expect(shippedTracepoint('sched', 'sched_switch')!.map((f) => f.name)).toContain('next_comm')
    expect(shippedTracepoint('syscalls', 'sys_enter_openat')!.map((f) => f.offset)).toEqual([8, 16, 24, 32, 40])
    expect(shippedTracepoint('syscalls', 'sys_exit_openat')!.at(-1)).toMatchObject({ name: 'ret', offset: 16 })
    expect(shippedTracepoint('syscalls', 'sys_enter_constructor')).toBeUndefined()
    expect(shippedTracepoint('toString', 'x')).toBeUndefined()
  })

  it('a live format wins over the shipped one', () => {
    const live: Host = { tracepointFormat: () => 'field:int prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n' }
    expect(
      compile(`(deftracepoint sched/sched-switch) ${program('(tp-prev-pid)')}`, live).object.programs,
    ).toHaveLength(1)
    expect(problem(`(deftracepoint sched/sched-switch next-pid)`, live)).toMatch(/no field `next-pid`/)
  })

  it("a field means that of the program's own event", () => {
    const source = `(deftracepoint syscalls/sys-exit-openat) (deftracepoint syscalls/sys-exit-read)
      (deftracepoint sched/sched-process-fork) (deftracepoint sched/sched-process-exit)
      ${program('(let ((b (struct-alloc 8))) (probe-read-kernel b 8 (tp-child-comm)) (load u64 b))', 'sched/sched_process_fork')}`
    expect(compile(source).object.programs).toHaveLength(1)
  })

  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['an unknown event', '(deftracepoint sched/sched-swich)', /no-kernel-types: .*\n.*sched_switch/],
    [
      'an unknown category',
      '(deftracepoint nonsense/event)',
      /no-kernel-types: .*\n.*\/sys\/kernel\/tracing\/events\/nonsense\/event\/format/,
    ],
    ['no category', '(deftracepoint sched-switch)', /expected category\/event/],
    ['an unknown field', '(deftracepoint sched/sched-switch prev-pidd)', /unknown-field: .*\n.*prev-pid/],
    [
      'an array as a value',
      `(deftracepoint sched/sched-switch) ${program('(tp-prev-comm)')}`,
      /array of 16\n.*tp-prev-comm-ptr/,
    ],
    ['an index outside', `(deftracepoint sched/sched-switch) ${program('(tp-prev-comm 16)')}`, /index-out-of-range/],
    [
      'another program type',
      '(deftracepoint sched/sched-switch) (defprog p (:type :xdp) (tp-prev-pid))',
      /reads the event of a tracepoint program/,
    ],
  ]
  it.each(cases)('refuses %s', (_, source, message) => expect(problem(source)).toMatch(message))
})
