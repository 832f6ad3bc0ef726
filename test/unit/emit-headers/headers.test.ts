/**
 * `--gen`: each generated file is compiled (C, C++, Rust, TypeScript) or run (Python, JavaScript), and the offsets that
 * the other language sees are compared with ours. Go and Common Lisp, which few machines have, are checked through
 * their text as well.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { compileLisp } from '../../../packages/core/src/compile.ts'
import { Bag } from '../../../packages/core/src/diag/diagnostic.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import { emitHeaders, type HeaderLanguage } from '../../../packages/core/src/emit-headers/emit-headers.ts'
import type { Module } from '../../../packages/core/src/forms/module.ts'
import { readAll } from '../../../packages/core/src/lisp/reader.ts'
import { layoutStruct } from '../../../packages/core/src/types/layout.ts'
import { i16, u8, u16, u32, u64 } from '../../../packages/core/src/types/types.ts'

const SOURCE = `
(defstruct inner (flag u8) (when u64))
(defstruct port-pair (low u16) (high u16))
(defunion address inner port-pair)
(defstruct conn-event (src-addr u32) (dst-addr u32) (port u16) (comm (array u8 16)) (counts (array u64 3))
  (delta i32) (type u8) (class u16) (parts (array inner 2)) (who address) (wide (array u8 40)))
(defconstant +event-type-tcp+ 1)
(defconstant +event-mask+ #xffffffffffffffff)
(defmap events :type :ringbuf :max-entries 4096)
(defmap seen-flows :type :hash :key-type inner :value-type conn-event :max-entries 8)
(defprog count-packets (:type :xdp) XDP_PASS)
`

const compiled = compileLisp(sourceFile('dir/foo.bpf.lisp', SOURCE)).module
/** As an imported layout may be: fields where C's rules would not put them, and network order. */
const packed = layoutStruct(
  'packed_thing',
  [
    { name: 'tag', type: u8 },
    { name: 'port', type: { ...u16, order: 'net' } },
    { name: 'when', type: u64 },
    { name: 'delta', type: i16 },
    { name: 'list', type: { kind: 'array', element: u32, length: 2 } },
  ],
  true,
)
const module: Module = { ...compiled, structs: [...compiled.structs, packed] }
const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-headers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(language: HeaderLanguage): string {
  const [file] = emitHeaders(module, 'foo', [language])
  writeFileSync(join(folder, file!.name), file!.text)
  return file!.text
}

function run(tool: string, args: readonly string[]): string {
  const result = spawnSync(tool, args, { cwd: folder, encoding: 'utf8' })
  expect(result.stderr + result.stdout, `${tool} ${args.join(' ')}`).not.toMatch(/\berror\b|Traceback/)
  expect(result.status, result.stderr).toBe(0)
  return result.stdout
}

const has = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0
const check = (title: string, tool: string, body: () => void) => {
  const there = has(tool)
  it.skipIf(!there)(there ? title : `${title} (skipped: no ${tool} here)`, body)
}

/** `conn_event.src_addr 0`, sizes as `conn_event 168`. */
function ourLayout(kinds: readonly string[] = ['struct', 'union']): string[] {
  return module.structs.flatMap((type) => {
    if (!kinds.includes(type.kind)) return []
    const fields = type.kind === 'struct' ? type.fields : type.members
    return [`${type.name} ${type.size}`, ...fields.map((field) => `${type.name}.${field.name} ${field.offset}`)]
  })
}

describe('layouts', () => {
  it('covers what is difficult', () => {
    expect(ourLayout()).toEqual(expect.arrayContaining(['inner.when 8', 'packed_thing.when 3', 'address.inner 0']))
  })

  const cBody = () =>
    module.structs.map((type) => {
      const tag = `${type.kind} ${type.name}`
      const fields = type.kind === 'struct' ? type.fields : type.members
      const rows = fields.map((field) => {
        const name = field.name === 'class' ? 'class_' : field.name
        return `printf("${type.name}.${field.name} %d\\n", (int)offsetof(${tag}, ${name}));`
      })
      return `printf("${type.name} %d\\n", (int)sizeof(${tag}));\n${rows.join('\n')}`
    })
  const cProgram = () =>
    `#include "foo.h"\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n${cBody().join('\n')}\nreturn EVENT_TYPE_TCP == 1 && EVENT_MASK == 0xffffffffffffffffULL && sizeof(MAP_SEEN_FLOWS) == 11 ? 0 : 1;\n}\n`

  for (const [title, tool, flags, file] of [
    ['C', 'cc', ['-std=c11', '-Wall', '-Wextra', '-Werror'], 'main.c'],
    ['C++', 'g++', ['-std=c++11', '-Wall', '-Wextra', '-Werror'], 'main.cc'],
  ] as const) {
    check(title, tool, () => {
      write('c')
      writeFileSync(join(folder, file), cProgram())
      run(tool, [...flags, file, '-o', 'layout'])
      expect(run('./layout', []).trim().split('\n')).toEqual(ourLayout())
    })
  }

  check('Rust', 'rustc', () => {
    const text = write('rust')
    expect(text).toContain('pub const EVENT_MASK: u64 = 18446744073709551615;')
    const pascal = new Map([...text.matchAll(/^pub (?:struct|union) (\w+)/gm)].map((m) => [m[1]!.toLowerCase(), m[1]!]))
    const rows = module.structs.flatMap((type) => {
      const name = pascal.get(type.name.replaceAll('_', ''))!
      const fields = type.kind === 'struct' ? type.fields : type.members
      return [
        `println!("${type.name} {}", size_of::<foo_types::${name}>());`,
        ...fields.map((field) => {
          const member = field.name === 'type' ? 'r#type' : field.name
          return `println!("${type.name}.${field.name} {}", std::mem::offset_of!(foo_types::${name}, ${member}));`
        }),
      ]
    })
    // aya is a large crate; its marker trait is all that the file names.
    writeFileSync(join(folder, 'aya.rs'), "pub unsafe trait Pod: Copy + 'static {}\n")
    writeFileSync(
      join(folder, 'main.rs'),
      `#[allow(dead_code)]\nmod foo_types;\nuse std::mem::size_of;\nfn main() {\nlet _ = foo_types::ConnEvent::default();\n${rows.join('\n')}\n}\n`,
    )
    run('rustc', ['--edition=2021', '--crate-type=rlib', 'aya.rs'])
    run('rustc', ['--edition=2021', '-D', 'warnings', '--extern', 'aya=libaya.rlib', 'main.rs', '-o', 'layout-rust'])
    expect(run('./layout-rust', []).trim().split('\n')).toEqual(ourLayout())
  })

  check('Python', 'python3', () => {
    write('python')
    const script = `
import foo_types as t
def show(name, cls):
    import ctypes
    print(name, ctypes.sizeof(cls))
    for field in cls._fields_:
        if not field[0].startswith('_pad'):
            print(f"{name}.{field[0].rstrip('_')}", getattr(cls, field[0]).offset)
${module.structs.map((type) => `show("${type.name}", t.${camel(type.name)})`).join('\n')}
thing = t.PackedThing.from_buffer_copy(bytes([1, 0x1f, 0x90]) + bytes(18))
assert thing.port == 8080, thing.port
assert t.EVENT_MASK == 2**64 - 1 and t.MAP_SEEN_FLOWS == "seen_flows" and t.PROG_COUNT_PACKETS == "count_packets"
`
    expect(run('python3', ['-c', script]).trim().split('\n')).toEqual(ourLayout())
  })

  check('Go', 'go', () => {
    write('go')
    const rows = module.structs
      .filter((type) => type.kind === 'struct')
      .flatMap((type) => [
        `fmt.Println("${type.name}", unsafe.Sizeof(${camel(type.name)}{}))`,
        ...type.fields.map(
          (field) =>
            `fmt.Println("${type.name}.${field.name}", unsafe.Offsetof(${camel(type.name)}{}.${camel(field.name)}))`,
        ),
      ])
    writeFileSync(
      join(folder, 'main.go'),
      `package main\nimport ("fmt"; "unsafe")\nfunc main() {\n${rows.join('\n')}\n}\n`,
    )
    expect(run('go', ['run', 'main.go', 'foo_types.go']).trim().split('\n')).toEqual(ourLayout(['struct']))
  })

  it('Go, by its text: fields and gaps fill every struct without one of its own', () => {
    const text = write('go')
    const sizes = goSizes(text)
    for (const type of module.structs) expect([type.name, sizes.get(camel(type.name))]).toEqual([type.name, type.size])
  })

  it('TypeScript: compiles, and its codecs put values at our offsets', async () => {
    const text = write('ts')
    const tsc = join(import.meta.dirname, '../../../node_modules/typescript/bin/tsc')
    const flags = [
      '--strict',
      '--noUnusedLocals',
      '--noUncheckedIndexedAccess',
      '--target',
      'es2022',
      '--module',
      'esnext',
    ]
    run(process.execPath, [tsc, ...flags, '--ignoreConfig', 'foo_types.ts'])
    expect(text).toContain('export const EVENT_MASK = 18446744073709551615n')
    const types = await import(/* @vite-ignore */ join(folder, 'foo_types.js'))
    const part = { flag: 7, when: 8n }
    const value = {
      srcAddr: 1,
      dstAddr: 2,
      port: 0xabcd,
      comm: new Uint8Array(16).fill(5),
      counts: [1n, 2n, 1n << 63n],
      delta: -1,
      type: 3,
      class: 4,
      parts: [part, { flag: 1, when: 2n }],
      who: { portPair: { low: 1, high: 2 } },
      wide: new Uint8Array(40),
    }
    const bytes: Uint8Array = types.encodeConnEvent(value)
    const offsets = new Map(ourLayout().map((row) => row.split(' ') as [string, string]))
    expect(types.ConnEventSize).toBe(Number(offsets.get('conn_event')))
    expect(new DataView(bytes.buffer).getUint16(Number(offsets.get('conn_event.port')), true)).toBe(0xabcd)
    expect(new DataView(bytes.buffer).getInt32(Number(offsets.get('conn_event.delta')), true)).toBe(-1)
    expect(types.decodeConnEvent(bytes)).toMatchObject({ ...value, who: { portPair: { low: 1, high: 2 } } })
    expect(types.decodePackedThing(Uint8Array.of(1, 0x1f, 0x90, ...new Uint8Array(18)))).toMatchObject({ port: 8080 })
  })

  check('Common Lisp', 'sbcl', () => {
    write('lisp')
    writeFileSync(
      join(folder, 'main.lisp'),
      `(load "foo_types.lisp")
(let* ((bytes (conn-event-to-bytes (make-conn-event :src-addr 1 :port #xabcd :delta -1))) (back (conn-event-from-bytes bytes)))
  (format t "~a ~a ~a ~a~%" (length bytes) (conn-event-port back) (conn-event-delta back) +event-type-tcp+))`,
    )
    const size = module.structs.find((type) => type.name === 'conn_event')!.size
    expect(run('sbcl', ['--script', 'main.lisp']).trim()).toBe(`${size} ${0xabcd} -1 1`)
  })

  it('Common Lisp, by our own reader: whole forms, our offsets', () => {
    const text = write('lisp')
    const bag = new Bag()
    const forms = readAll(sourceFile('foo_types.lisp', text), { features: new Set() }, bag)
    expect(bag.diagnostics).toEqual([])
    expect(forms.length).toBeGreaterThan(10)
    for (const type of module.structs.filter((t) => t.kind === 'struct')) {
      expect(text).toContain(`(defconstant +${type.name.replaceAll('_', '-')}-size+ ${type.size})`)
    }
    expect(text).toMatch(/:delta \(bpf-read bytes \(\+ start 56\) 4 t nil\)/)
  })
})

describe('file names and the shape of the book', () => {
  it('is the table of the book', () => {
    expect(emitHeaders(module, 'foo', ['c', 'go', 'rust', 'python', 'lisp', 'ts']).map((file) => file.name)).toEqual([
      'foo.h',
      'foo_types.go',
      'foo_types.rs',
      'foo_types.py',
      'foo_types.lisp',
      'foo_types.ts',
    ])
  })

  it('C as printed there', () => {
    expect(write('c')).toContain('struct port_pair {\n    uint16_t low;\n    uint16_t high;\n};')
    expect(write('c')).toContain('#define EVENT_TYPE_TCP 1\n')
  })
})

function camel(name: string): string {
  return name.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase())
}

/** Sizes of the structs by Go's rules for 64-bit systems; throws when Go would insert a gap of its own. */
function goSizes(text: string): Map<string, number> {
  const sizes = new Map<string, number>()
  const aligns = new Map<string, number>()
  const measure = (type: string): { size: number; align: number } => {
    const array = /^\[(\d+)\](.+)$/.exec(type)
    if (array) {
      const element = measure(array[2]!)
      return { size: Number(array[1]) * element.size, align: element.align }
    }
    const bits = /^u?int(\d+)$/.exec(type)
    if (bits) return { size: Number(bits[1]) / 8, align: Number(bits[1]) / 8 }
    if (type === 'byte') return { size: 1, align: 1 }
    return { size: sizes.get(type)!, align: aligns.get(type)! }
  }
  for (const [, name, body] of text.matchAll(/type (\w+) struct \{\n([^}]*)\}/g)) {
    let end = 0
    let align = 1
    for (const line of body!.trim().split('\n')) {
      const field = measure(line.trim().split(/\s+/)[1]!)
      expect(end % field.align, `${name}: ${line}`).toBe(0)
      end += field.size
      align = Math.max(align, field.align)
    }
    expect(end % align, name).toBe(0)
    sizes.set(name!, end)
    aligns.set(name!, align)
  }
  return sizes
}
