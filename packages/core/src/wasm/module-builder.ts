/** Puts a WebAssembly module together: imports, functions, globals, exports (core specification 2.0, section 5.5). */
import { Bytes } from './bytes.ts'
import type { Emitter } from './emitter.ts'
import { I32, OP, TYPE } from './ops.ts'

export type ValueType = 'i32' | 'i64'

export interface Signature {
  readonly params: readonly ValueType[]
  readonly results: readonly ValueType[]
}

interface Body {
  readonly type: number
  readonly locals: readonly ValueType[]
  readonly emitter: Emitter
}

const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const
/** Module name of all imports. */
export const IMPORT_MODULE = 'vm'

export class ModuleBuilder {
  private readonly types: Signature[] = []
  private readonly typeNumbers = new Map<string, number>()
  private readonly imports: { name: string; type: number }[] = []
  private readonly bodies: (Body | undefined)[] = []
  private readonly exports: { name: string; index: number }[] = []
  private globals = 0

  /** All imports come before the first `declare`: functions are numbered in that order. */
  importFunction(name: string, signature: Signature): number {
    this.imports.push({ name, type: this.type(signature) })
    return this.imports.length - 1
  }

  /** Number of a function whose body follows with `define`. */
  declare(): number {
    this.bodies.push(undefined)
    return this.imports.length + this.bodies.length - 1
  }

  define(index: number, signature: Signature, locals: readonly ValueType[], emitter: Emitter): void {
    this.bodies[index - this.imports.length] = { type: this.type(signature), locals, emitter }
  }

  /** A mutable i32 that starts as 0. */
  addGlobal(): number {
    return this.globals++
  }

  exportFunction(name: string, index: number): void {
    this.exports.push({ name, index })
  }

  build(): Uint8Array {
    const out = new Bytes()
    for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) out.byte(byte)
    section(out, SECTION.type, this.types, (b, { params, results }) => {
      b.byte(0x60).unsigned(params.length)
      for (const type of params) b.byte(TYPE[type])
      b.unsigned(results.length)
      for (const type of results) b.byte(TYPE[type])
    })
    const memory = { name: 'memory', type: -1 }
    section(out, SECTION.import, [memory, ...this.imports], (b, { name, type }) => {
      b.text(IMPORT_MODULE).text(name)
      // A memory of at least 0 pages, or a function.
      if (type < 0) b.byte(0x02).byte(0x00).unsigned(0)
      else b.byte(0x00).unsigned(type)
    })
    const bodies = this.bodies as readonly Body[]
    section(out, SECTION.function, bodies, (b, { type }) => b.unsigned(type))
    section(out, SECTION.global, Array.from({ length: this.globals }), (b) =>
      b.byte(TYPE.i32).byte(1).byte(I32.const).byte(0).byte(OP.end),
    )
    section(out, SECTION.export, this.exports, (b, { name, index }) => b.text(name).byte(0x00).unsigned(index))
    section(out, SECTION.code, bodies, writeBody)
    return out.take().slice()
  }

  private type(signature: Signature): number {
    const key = `${signature.params.join()}>${signature.results.join()}`
    const known = this.typeNumbers.get(key)
    if (known !== undefined) return known
    this.typeNumbers.set(key, this.types.length)
    this.types.push(signature)
    return this.types.length - 1
  }
}

function writeBody(out: Bytes, { locals, emitter }: Body): void {
  const body = new Bytes().unsigned(locals.length)
  for (const type of locals) body.unsigned(1).byte(TYPE[type])
  body.append(emitter.code.take()).byte(OP.end)
  out.unsigned(body.length).append(body.take())
}

function section<T>(out: Bytes, id: number, items: readonly T[], write: (out: Bytes, item: T) => void): void {
  if (items.length === 0) return
  const content = new Bytes().unsigned(items.length)
  for (const item of items) write(content, item)
  out.byte(id).unsigned(content.length).append(content.take())
}
