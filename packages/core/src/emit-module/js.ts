/**
 * The JavaScript module that a bundler sees in place of a `.bpf.lisp` file: ELF bytes, codecs, metadata, and the module
 * object that loads it. Everything is marked pure, so that an import of one codec leaves the rest out of the bundle.
 */
import type { MapDecl, Module } from '../forms/module.ts'
import type { Type } from '../types/types.ts'
import { emitCodec } from './codec.ts'
import { isExportable, type ModuleExports, moduleExports } from './exports.ts'

const RUNTIME = 'unplugin-bpf/runtime'

export interface EmitInput {
  readonly module: Module
  readonly elf: Uint8Array
}

/** `compiled` is what `compileLisp` returns; `exported`: the names, where the source decides them. */
export function emitModuleJs(compiled: EmitInput, exported: ModuleExports = moduleExports(compiled.module)): string {
  const { elf, structs, constants, prog, named } = partsOf(compiled, exported)
  const body = `export const elf = ${elf}
${structs.declarations}
export const structs = ${structs.object}
export const constants = ${constants}
const prog = ${prog}
export default prog
${emitNamed(named)}${emitValues(exported)}`
  const used = calledIn(body)
  return `import { ${used.join(', ')} } from '${RUNTIME}'\n\n${body}`
}

/** What a module that has a program inside imports the runtime's functions as. */
export const RUNTIME_PREFIX = '__bpf_'

/**
 * The same as one expression, which gives what the module exports as default. `runtime`: functions of the runtime that it
 * calls, which the module around it imports under their names with the prefix.
 */
export function emitModuleExpression(
  compiled: EmitInput,
  exported: ModuleExports = moduleExports(compiled.module),
): { readonly text: string; readonly runtime: readonly string[] } {
  const { elf, structs, constants, prog } = partsOf(compiled, exported)
  const body = `const elf = ${elf}
${structs.declarations}
const structs = ${structs.object}
const constants = ${constants}
return ${prog}`
  const runtime = calledIn(body)
  const given = runtime.map((name) => `${RUNTIME_PREFIX}${name}`)
  return { text: `/*#__PURE__*/ ((${runtime.join(', ')}) => {\n${body}\n})(${given.join(', ')})`, runtime }
}

const calledIn = (text: string): string[] => RUNTIME_NAMES.filter((name) => text.includes(`${name}(`))

/** JavaScript text of what either form is put together from. */
function partsOf({ module, elf }: EmitInput, exported: ModuleExports) {
  const codecs = exported.structs.map(({ name, type }, i) => emitStruct(name, type, `$${i}`))
  const codecOf = codecNames(exported)
  const meta = (decl: MapDecl): string => {
    const inner = decl.inner ? `, inner: ${meta(decl.inner)}` : ''
    const value = codecOf(decl.recordType ?? decl.valueType)
    return `{ name: ${JSON.stringify(decl.name)}, kind: ${JSON.stringify(decl.type)}, key: ${codecOf(decl.keyType)}, value: ${value}${inner} }`
  }
  const maps = exported.maps.map(({ key, decl }) => `${JSON.stringify(key)}: ${meta(decl)}`)
  const programs = exported.programs.map(
    ({ key, decl }) =>
      `${JSON.stringify(key)}: ${JSON.stringify({ name: decl.name, section: decl.section, type: decl.type })}`,
  )
  const globals = (exported.globals ?? []).map(
    ({ key, decl }) => `${JSON.stringify(key)}: { name: ${JSON.stringify(decl.name)}, value: ${codecOf(decl.type)} }`,
  )
  const named = exported.structs.map(({ name }, i) => ({ name, local: `$S${i}` }))
  return {
    elf: `/*#__PURE__*/ base64Bytes('${toBase64(elf)}')`,
    structs: {
      declarations: codecs.join('\n'),
      object: object(named.map(({ name, local }) => `${name}: ${local}`)),
    },
    constants: object(exported.constants.map(({ name, literal }) => `${name}: ${literal}`)),
    prog: `/*#__PURE__*/ defineModule({
  name: ${JSON.stringify(module.file.name.replace(/^.*[\\/]/, ''))},
  elf,
  maps: ${object(maps)},
  programs: ${object(programs)},${globals.length > 0 ? `\n  globals: ${object(globals)},` : ''}
  structs,
  constants,
})`,
    named,
  }
}

/** What a module may call; it imports only what it does call, since bundlers warn about the rest. */
const RUNTIME_NAMES = [
  'base64Bytes',
  'checkBigInt',
  'checkBytes',
  'checkInt',
  'checkObject',
  'codecFor',
  'defineModule',
  'viewOf',
]

/** Named exports for codecs (`import { ConnEvent } from ...`). */
function emitNamed(named: readonly { name: string; local: string }[]): string {
  const parts = named.filter(({ name }) => isExportable(name)).map(({ name, local }) => `${local} as ${name}`)
  return parts.length > 0 ? `export { ${parts.join(', ')} }\n` : ''
}

function emitValues({ values = [] }: ModuleExports): string {
  return values
    .filter(({ name }) => isExportable(name))
    .map(({ name, text }) => `export const ${name} = ${text}\n`)
    .join('')
}

function emitStruct(name: string, type: Module['structs'][number], prefix: string): string {
  const local = `$S${prefix.slice(1)}`
  if (type.kind === 'union') return `const ${local} = /*#__PURE__*/ codecFor(${JSON.stringify(type)})`
  const { text, constants } = emitCodec(type, `${prefix}${name}`)
  return [...constants, `const ${local} = ${text}`].join('\n')
}

/** JavaScript expression of a type's codec: the struct's own constant, or one made at run time. */
function codecNames({ structs }: ModuleExports): (type: Type | undefined) => string {
  return (type) => {
    if (type === undefined) return 'undefined'
    const index = structs.findIndex((struct) => struct.type === type)
    return index >= 0 ? `$S${index}` : `/*#__PURE__*/ codecFor(${JSON.stringify(type)})`
  }
}

function object(parts: readonly string[]): string {
  return parts.length === 0 ? '{}' : `{\n  ${parts.join(',\n  ')},\n}`
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** RFC 4648 base64. `btoa` wants a binary string and `Buffer` is Node's; core has neither. */
export function toBase64(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const digits = [18, 12, 6, 0].map((shift) => ALPHABET[(group >> shift) & 63]!)
    const given = Math.min(3, bytes.length - i)
    out += digits.slice(0, given + 1).join('') + '='.repeat(3 - given)
  }
  return out
}
