/** Reads Lisp text in tests: modules, printed forms, diagnostics as `line:column code`. */
import { Bag } from '../../../packages/core/src/diag/diagnostic.ts'
import { lineColumn, sourceFile } from '../../../packages/core/src/diag/source.ts'
import type { Module } from '../../../packages/core/src/forms/module.ts'
import { printForm } from '../../../packages/core/src/forms/print.ts'
import type { Host } from '../../../packages/core/src/host.ts'
import { readModule } from '../../../packages/core/src/lisp/read-module.ts'
import { type CompileOptions, DEFAULT_OPTIONS } from '../../../packages/core/src/options.ts'

export interface Reading {
  readonly module: Module
  readonly bag: Bag
  /** `line:column code`. */
  readonly problems: string[]
}

export function read(text: string, host: Host = {}, options: Partial<CompileOptions> = {}): Reading {
  const bag = new Bag()
  const module = readModule(sourceFile('test.bpf.lisp', text), host, { ...DEFAULT_OPTIONS, ...options }, bag)
  const problems = bag.diagnostics.map((d) => {
    if (!d.span) return d.code
    const { line, column } = lineColumn(d.span.file, d.span.start)
    return `${line}:${column} ${d.code}`
  })
  return { module, bag, problems }
}

export const DECLARATIONS = `(defstruct flow (src u32) (dst u32) (port u16) (proto u8) (pad u8))
(defstruct deep (head u8) (inner flow) (name (array u8 16)) (marks (array i16 4)))
(defunion either flow deep)
(defheader my (a :offset 0 :type u32) (b :offset 4 :type u16 :net-order t) (c :offset 8 :type u64 :net-order t))
(defmap arr :type :array :key-size 4 :value-size 8 :max-entries 4)
(defmap tab :type :hash :key-size 4 :value-size 8 :max-entries 16)
(defmap small :type :hash :key-size 2 :value-size 1 :max-entries 16)
(defmap flows :type :hash :key-type flow :value-size 8 :max-entries 16)
(defmap big :type :hash :key-size 4 :value-type flow :max-entries 16)
(defmap progs :type :prog-array :key-size 4 :value-size 4 :max-entries 4)
(defmap events :type :ringbuf :max-entries 4096)
(defconstant +eight+ 8)
`

/** The core forms of one body, printed; problems instead when there are any. */
export function forms(body: string, options = '(:type :xdp)'): string {
  const { module, problems, bag } = read(`${DECLARATIONS}(defprog p ${options} ${body})`)
  if (problems.length > 0) return bag.diagnostics.map((d) => `${d.code}: ${d.message}`).join('; ')
  return printForm(module.programs[0]!.body).replace(/\s+/g, ' ')
}

/** The first problem of one body, as `column code message | hint`; columns count from the body. */
export function problem(body: string, options = '(:type :xdp)'): string {
  const { bag } = read(`${DECLARATIONS}(defprog p ${options}\n${body})`)
  const d = bag.diagnostics[0]
  if (!d) return 'no problem'
  const { column } = lineColumn(d.span!.file, d.span!.start)
  return `${column} ${d.code}: ${d.message}${d.hint ? ` | ${d.hint}` : ''}`
}
