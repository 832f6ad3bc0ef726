/**
 * Every table of the language book against our own: constants, sections, helpers, map and program types, header fields,
 * types, forms. Tables that say nothing of the language are listed with the reason.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileLisp } from '../../packages/core/src/compile.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import { constantByName } from '../../packages/core/src/tables/constants.ts'
import { ATTACH_TYPE_IDS } from '../../packages/core/src/tables/generated/enums.ts'
import { helperByName, helperId, helperRow } from '../../packages/core/src/tables/helpers/index.ts'
import { matchSection } from '../../packages/core/src/tables/sections.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { SPEC } from '../support/shared.ts'
import { type Table, tablesOf } from './rows.ts'

const path = join(SPEC, 'whistler-book.txt')
const book = existsSync(path) ? readFileSync(path, 'utf8') : ''
const title = book === '' ? 'tables of the book (skipped: the book is not here)' : 'tables of the book'

const compile = (text: string) => compileLisp(sourceFile('table.bpf.lisp', text)).object

/** What an expression is in an XDP program over 64 zero bytes; `before`: declarations. */
function resultOf(expression: string, before = ''): number {
  const vm = createVm(compile(`${before}(defprog p (:type :xdp) ${expression})`))
  try {
    return vm.programs.get('p')!.run({ data: new Uint8Array(64) }).retval
  } finally {
    vm.close()
  }
}

/** Errors of the book's tables of helpers: some are named by the rulings, the numbers are those of the kernel's own list. */
const HELPER_ERRATA: Readonly<Record<string, Partial<{ id: number; args: number }>>> = {
  'skb-load-bytes': { args: 4 },
  'get-socket-cookie': { id: 46 },
  'perf-event-output': { args: 5 },
  'get-current-task-btf': { id: 158 },
  'ktime-get-coarse-ns': { id: 160 },
}
/** Shown with `--` for its arguments, or with what the program writes when the context is implied. */
function checkHelper([name, id, args]: readonly string[]): void {
  const helper = helperByName(name!)!
  const errata = HELPER_ERRATA[name!]
  expect(helperId(helper)).toBe(errata?.id ?? Number(id))
  const { args: columns, minArgs = columns.length } = helperRow(helper)
  if (/^\d+$/.test(args ?? '')) {
    const count = errata?.args ?? Number(args)
    expect(count).toBeGreaterThanOrEqual(minArgs)
    expect(count).toBeLessThanOrEqual(columns.length)
  }
}

function checkConstant([name, value]: readonly string[]): void {
  expect(resultOf(name!)).toBe(Number(value!.replace('#x', '0x')))
  expect(constantByName(name!)).toBeDefined()
}

function checkSection([section]: readonly string[]): void {
  expect(matchSection(section!.replaceAll('"', ''))).toBeDefined()
}

const attachType = (constant: string) =>
  ATTACH_TYPE_IDS[
    constant
      .replace(/^\+bpf-|\+$/g, '')
      .replaceAll('-', '_')
      .toUpperCase() as keyof typeof ATTACH_TYPE_IDS
  ]
function checkAttachType([constant, value, section]: readonly string[]): void {
  expect(attachType(constant!)).toBeTypeOf('number')
  if (/^\d+$/.test(value!)) expect(attachType(constant!)).toBe(Number(value))
  if (section) expect(ATTACH_TYPE_IDS[matchSection(section)!.entry.attachType!]).toBe(attachType(constant!))
}

/** Bits that a variable keeps when all are set. */
const WIDTH = '(progn (setf x -1) (if (= x #xffff) 16 (if (= x #xffffffff) 32 64)))'
const INITIALISERS: Readonly<Record<string, string>> = {
  '(load u32 ...)': '(load u32 (struct-alloc 8))',
  '(ctx field-name)': '(ctx rx-queue-index)',
  '(cast u16 ...)': '(cast u16 1)',
  '(ntohs ...)': '(ntohs 1)',
  '(ntohl ...)': '(ntohl 1)',
  'anything else': '(ktime-get-ns)',
}
function checkInferred([initialiser, type]: readonly string[]): void {
  const init = INITIALISERS[initialiser!] ?? initialiser!
  const bits = type === 'field type' ? 32 : Number(type!.slice(1))
  expect(resultOf(`(let ((x ${init})) ${WIDTH})`)).toBe(bits)
}

/** `(+ a b ...)` with operands for its letters. */
function checkForm([form]: readonly string[]): void {
  const text = form!.replace(' ...', '')
  resultOf(`(let ((a 5) (b 3) (n 2) (x 1) (var 1)) ${text})`)
}
function checkRegister([macro]: readonly string[]): void {
  for (const name of macro!.includes('...') ? ['pt-regs-parm1', 'pt-regs-parm6'] : [macro!.replace(/[()]/g, '')]) {
    compile(`(defprog p (:type :kprobe :section "kretprobe/f") (${name}) 0)`)
  }
}

function checkField([accessor, offset, type, net]: readonly string[]): void {
  // Byte k of the memory is k: what is read tells where, how wide and in which order.
  const fill = Array.from({ length: 24 }, (_, i) => `(store u8 p ${i} ${i})`).join(' ')
  const bytes = Array.from({ length: Number(type!.slice(1)) / 8 }, (_, i) => Number(offset) + i)
  const ordered = net === 'yes' ? bytes : bytes.toReversed()
  const expected = ordered.reduce((sum, byte) => sum * 256 + byte, 0)
  expect(resultOf(`(let ((p (struct-alloc 24))) ${fill} (${accessor} p))`)).toBe(expected)
}

function checkType([type, size]: readonly string[]): void {
  if (type!.startsWith('(')) expect(resultOf('(sizeof s)', '(defstruct s (x (array u32 5)))')).toBe(20)
  else expect(resultOf('(sizeof s)', `(defstruct s (x ${type}))`)).toBe(Number.parseInt(size!, 10))
}

function checkMapType([keyword, kernel]: readonly string[]): void {
  const sizes = keyword === ':ringbuf' ? '' : ':key-size 8 :value-size 4'
  const small = /array/.test(keyword!) ? ':key-size 4 :value-size 4' : sizes
  const { maps } = compile(
    `(defmap m :type ${keyword} ${small} :max-entries 4096 :map-flags ${keyword === ':lpm-trie' ? 1 : 0})`,
  )
  expect(`BPF_MAP_TYPE_${maps[0]!.type.toUpperCase()}`).toBe(kernel)
}

function checkProgramType([keyword, kernel]: readonly string[]): void {
  const { programs } = compile(`(defprog p (:type ${keyword}) (pass-verdict))`)
  expect(`BPF_PROG_TYPE_${programs[0]!.type.toUpperCase()}`).toBe(kernel)
}

const CHECKS: Readonly<Record<string, (row: readonly string[]) => void>> = {
  'Keyword | BPF Map Type | Notes': checkMapType,
  'Keyword | BPF Program Type | Context Argument': checkProgramType,
  'Type | Size | Description': checkType,
  'Initializer | Inferred type': checkInferred,
  'Form | Description': checkForm,
  'Form | Width | Description': checkForm,
  'Macro | Description': checkRegister,
  'Accessor | Description': checkRegister,
  'Helper | ID | Args | Description': checkHelper,
  'Helper | ID | Description': ([name, id]) => checkHelper([name!, id!]),
  'Constant | Value | Effect': checkConstant,
  'Constant | Value | Category': checkConstant,
  'Section | Direction': checkSection,
  'Section | Event': checkSection,
  'Section | Operation': checkSection,
  'Constant | Subtype': ([constant]) => checkAttachType([constant!, '']),
  'Constant | Value | Section name': checkAttachType,
  'Accessor | Offset | Type | Net-order': checkField,
}
const NOT_OF_THE_LANGUAGE: Readonly<Record<string, string>> = {
  'Whistler | C + clang | BCC (Python) | Aya (Rust) | bpftrace | ': 'compares tools',
  'Resource | Capability needed': 'the kernel decides; `doctor` reports it',
  'Parameter | Default | Description': 'defaults of defprog: test/unit/lisp',
  'Field | Size | Description': 'fields of asm: test/unit/lisp',
  'Mode | Description': 'XDP modes of the loader: `mode` of attach',
  'Size | Unsigned | Signed': 'types of tracepoint fields: test/unit/lisp/kernel-data.test.ts',
  'Pool | Registers | Usage': 'how the original allocates registers',
  'Register | Role': 'the kernel decides',
  'Section | Type | Description': 'output.test.ts',
  'Offset | Size | Field': 'the map format that libbpf 1.x refuses; maps are defined by BTF',
  'Flag | File | Contents': 'output.test.ts',
  'Option | Description': 'output.test.ts',
  'Aspect | Go + cilium/ebpf | Whistler': 'compares two versions of one program',
}

const key = ({ head }: Table) => head.join(' | ')

describe.skipIf(book === '')(title, () => {
  const tables = tablesOf(book)

  it('all are known', () => {
    expect(tables.length).toBeGreaterThan(30)
    const known = [...Object.keys(CHECKS), ...Object.keys(NOT_OF_THE_LANGUAGE)]
    expect([...new Set(tables.map(key))].sort()).toEqual([...known].sort())
  })

  for (const table of tables) {
    const check = CHECKS[key(table)]
    for (const row of check ? table.rows : []) it(`line ${table.line}: ${row.join(' | ')}`, () => check!(row))
  }
})
