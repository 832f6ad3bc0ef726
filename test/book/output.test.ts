/** The chapters on ELF output, generated headers and the command line, sentence by sentence. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Folder, makeFolder } from '../cli/support.ts'
import { type ElfSymbol, relocationsOf, type Section, sectionsOf, symbolsOf } from './elf-view.ts'
import { says } from './says.ts'

const SOURCE = `(defstruct conn-event (src-addr u32) (dst-addr u32) (port u16) (comm (array u8 16)))
(defconstant +event-type-tcp+ 1)
(defmap pkt-count :type :array :key-size 4 :value-size 8 :max-entries 1)
(defmap seen-by :type :hash :key-size 4 :value-size 8 :max-entries 16)
(defprog count-packets (:type :xdp) (incf (getmap pkt-count 0)) XDP_PASS)
(defprog trace-exec (:type :kprobe :section "kprobe/__x64_sys_execve") (incf (getmap seen-by 1)) 0)
(defprog trace-fork (:type :tracepoint :section "tracepoint/sched/sched_process_fork") 0)
`
let folder: Folder
beforeAll(() => {
  folder = makeFolder()
  folder.write('foo.lisp', SOURCE)
})
afterAll(() => folder.remove())
const file = (name: string) => readFileSync(join(folder.path, name))

describe('ELF output', () => {
  let elf: Uint8Array
  let sections: Section[]
  let symbols: ElfSymbol[]
  const section = (name: string) => sections.find((one) => one.name === name)!
  beforeAll(async () => {
    await folder.run('compile', 'foo.lisp', '-o', 'elf.bpf.o')
    elf = file('elf.bpf.o')
    sections = sectionsOf(elf)
    symbols = symbolsOf(sections)
  })
  const PROGBITS = 1
  const [SYMTAB, STRTAB, REL] = [2, 3, 9]
  const [OBJECT, FUNC, SECTION] = [1, 2, 3]

  says('standard ELF64 little-endian relocatable object files (ET_REL) with e_machine = EM_BPF (247)', () => {
    const header = new DataView(elf.buffer, elf.byteOffset)
    expect([...elf.subarray(0, 6)]).toEqual([0x7f, 0x45, 0x4c, 0x46, 2, 1])
    expect([header.getUint16(16, true), header.getUint16(18, true)]).toEqual([1, 247])
  })
  says('Each defprog produces a section named after its :section option (e.g., xdp, kprobe/__x64_sys_execve,', () => {
    const names = ['xdp', 'kprobe/__x64_sys_execve', 'tracepoint/sched/sched_process_fork']
    expect(sections.filter(({ flags }) => (flags & 4) !== 0).map(({ name }) => name)).toEqual(names)
  })
  says('The section contains raw BPF instructions (8 bytes each), marked SHF_ALLOC | SHF_EXECINSTR', () => {
    expect(section('xdp')).toMatchObject({ type: PROGBITS, flags: 2 | 4 })
    expect(section('xdp').bytes.length % 8).toBe(0)
    expect([...section('xdp').bytes.subarray(-8)]).toEqual([0x95, 0, 0, 0, 0, 0, 0, 0])
  })
  it.each([
    ['| .maps | SHT_PROGBITS |', '.maps', PROGBITS],
    ['| license | SHT_PROGBITS | License string (null-terminated) |', 'license', PROGBITS],
    ['| .BTF | SHT_PROGBITS |', '.BTF', PROGBITS],
    ['| .BTF.ext | SHT_PROGBITS |', '.BTF.ext', PROGBITS],
    ['| .strtab | SHT_STRTAB | String table for symbols |', '.strtab', STRTAB],
    ['| .symtab | SHT_SYMTAB | Symbol table |', '.symtab', SYMTAB],
    ['| .rel<section> | SHT_REL |', '.relxdp', REL],
    ['| .shstrtab | SHT_STRTAB | Section header string table |', '.shstrtab', STRTAB],
  ])('%s', (_, name, type) => expect(section(name)).toMatchObject({ type }))
  says('| license | SHT_PROGBITS | License string (null-terminated) |', () => {
    expect(new TextDecoder().decode(section('license').bytes)).toBe('GPL\0')
  })
  // The 32-byte entries of its `.maps` are the format that libbpf 1.x refuses: maps are defined by BTF instead.
  says('Each map has a corresponding STT_OBJECT global symbol in .symtab', () => {
    const maps = sections.findIndex(({ name }) => name === '.maps')
    const objects = symbols.filter((symbol) => symbol.section === maps)
    expect(objects).toEqual(['pkt_count', 'seen_by'].map((name) => ({ name, type: OBJECT, binding: 1, section: maps })))
  })
  says('Each relocation entry is 16 bytes (SHT_REL, not RELA)', () => {
    expect(section('.relxdp').entrySize).toBe(16)
  })
  says('r_offset (8 bytes) -- byte offset of the ld_imm64 instruction', () => {
    const [first, ...others] = relocationsOf(section('.relxdp'))
    expect(others).toEqual([])
    expect(section('xdp').bytes[first!.offset]).toBe(0x18)
    expect(symbols[first!.symbol]!.name).toBe('pkt_count')
  })
  says('r_info (8 bytes) -- ELF64_R_INFO(symbol_index, R_BPF_64_64)', () => {
    const all = sections.filter(({ type }) => type === REL).flatMap(relocationsOf)
    expect(all.map(({ type }) => type)).toEqual([1, 1])
  })
  says('Null symbol (index 0)', () => expect(symbols[0]).toEqual({ name: '', type: 0, binding: 0, section: 0 }))
  says('Section symbols (STT_SECTION, STB_LOCAL) -- one per program section', () => {
    const own = symbols.filter(({ type }) => type === SECTION)
    expect(own).toEqual([1, 2, 3].map((number) => ({ name: '', type: SECTION, binding: 0, section: number })))
    expect(symbols.slice(1, 4)).toEqual(own)
  })
  says('one per program, named after the defprog name (underscored)', () => {
    const functions = symbols.filter(({ type }) => type === FUNC)
    expect(functions.map(({ name, binding }) => [name, binding])).toEqual([
      ['count_packets', 1],
      ['trace_exec', 1],
      ['trace_fork', 1],
    ])
  })
})

describe('shared headers', () => {
  beforeAll(async () => {
    await folder.run('compile', 'foo.lisp', '-o', 'foo.bpf.o', '--gen', 'all')
  })
  const oneLine = (text: string) => text.replace(/\s+/g, ' ')
  const generated = (name: string) => oneLine(file(name).toString('utf8'))

  it.each([
    ['| c | foo.h | C header with #include <stdint.h> |', 'foo.h', '#include <stdint.h>'],
    ['| go | foo_types.go | Go struct and const definitions |', 'foo_types.go', 'const ('],
    ['| rust | foo_types.rs | Rust #[repr(C)] structs |', 'foo_types.rs', '#[repr(C)]'],
    ['| python | foo_types.py | Python ctypes structures |', 'foo_types.py', 'import ctypes'],
    ['| lisp | foo_types.lisp | CL defstruct + byte codec |', 'foo_types.lisp', '(defstruct conn-event'],
  ])('%s', (_, name, contained) => expect(generated(name)).toContain(contained))

  says('struct conn_event { uint32_t src_addr; uint32_t dst_addr; uint16_t port; uint8_t comm[16]; };', () => {
    const c = 'struct conn_event { uint32_t src_addr; uint32_t dst_addr; uint16_t port; uint8_t comm[16]; };'
    expect(generated('foo.h')).toContain(c)
  })
  says('type ConnEvent struct { SrcAddr uint32 DstAddr uint32 Port uint16 Comm [16]uint8 }', () => {
    const go = 'type ConnEvent struct { SrcAddr uint32 DstAddr uint32 Port uint16 Comm [16]uint8'
    expect(generated('foo_types.go')).toContain(go)
  })
  says('#[repr(C)] #[derive(Clone, Copy, Debug, Default)] pub struct ConnEvent {', () => {
    const fields = 'pub src_addr: u32, pub dst_addr: u32, pub port: u16, pub comm: [u8; 16], } '
    const rust = `#[repr(C)] #[derive(Clone, Copy, Debug, Default)] pub struct ConnEvent { ${fields}`
    expect(generated('foo_types.rs')).toContain(`${rust}unsafe impl aya::Pod for ConnEvent {}`)
  })
  says('class ConnEvent(ctypes.LittleEndianStructure): _fields_ = [ ("src_addr", ctypes.c_uint32),', () => {
    const fields = '("src_addr", ctypes.c_uint32), ("dst_addr", ctypes.c_uint32), ("port", ctypes.c_uint16),'
    const python = `class ConnEvent(ctypes.LittleEndianStructure): _fields_ = [ ${fields} ("comm", ctypes.c_uint8 * 16)`
    expect(generated('foo_types.py')).toContain(python)
  })
  says('#define EVENT_TYPE_TCP 1', () => expect(generated('foo.h')).toContain('#define EVENT_TYPE_TCP 1'))
  says('defstruct with typed slots plus NAME-from-bytes and NAME-to-bytes functions', () => {
    const lisp = generated('foo_types.lisp')
    expect(lisp).toContain('(src-addr 0 :type (unsigned-byte 32))')
    for (const name of ['conn-event-from-bytes', 'conn-event-to-bytes']) expect(lisp).toContain(`(defun ${name} `)
  })
})

describe('command line', () => {
  says('Print the Whistler version string.', async () => {
    expect(await folder.run('--version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
  says('Show usage information and available commands.', async () => {
    const { stdout } = await folder.run('--help')
    for (const command of ['compile', 'disasm', 'doctor']) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'))
  })
  says('Output path (default: input with .bpf.o ext)', async () => {
    expect((await folder.run('compile', 'foo.lisp')).stdout).toMatch(/-> foo\.bpf\.o\n$/)
  })
  says('whistler compile my-prog.lisp -o my-prog.bpf.o --gen c go', async () => {
    folder.write('my-prog.lisp', SOURCE)
    const { code } = await folder.run('compile', 'my-prog.lisp', '-o', 'my-prog.bpf.o', '--gen', 'c', 'go')
    const made = folder.names().filter((name) => name.startsWith('my-prog'))
    expect({ code, made }).toEqual({
      code: 0,
      made: ['my-prog.bpf.o', 'my-prog.h', 'my-prog.lisp', 'my-prog_types.go'],
    })
  })
  says('print the BPF instructions in human-readable form', async () => {
    const { code, stdout } = await folder.run('disasm', 'foo.lisp')
    expect({ code, first: stdout.split('\n')[0] }).toEqual({ code: 0, first: 'count_packets: section xdp, 11 slots' })
  })
  says('Run a local environment check for Whistler development.', async () => {
    const { stdout } = await folder.run('doctor', '--json')
    const ids = (JSON.parse(stdout) as { checks: { id: string }[] }).checks.map(({ id }) => id)
    // Kernel version, ip and tc, tracefs and BTF, capabilities of this process and of the binary.
    const wanted = [
      'kernel-version',
      'tool-ip',
      'tool-tc',
      'tracefs',
      'btf',
      'process-capabilities',
      'node-capabilities',
    ]
    expect(ids).toEqual(expect.arrayContaining(wanted))
  })
})
