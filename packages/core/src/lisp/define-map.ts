/** `defmap`: options to a map declaration, with the rules of the kernel for each kind of map. */
import { MAP_TYPES, type MapTypeName, type MapTypeRow } from '../tables/map-types.ts'
import { toKernelName, toLispName } from '../tables/names.ts'
import { sizeOf } from '../types/layout.ts'
import { type Type, u8, u16, u32, u64 } from '../types/types.ts'
import { declaredInteger } from './constants.ts'
import type { ModuleState, OpenMapDecl } from './context.ts'
import { isSym } from './datum.ts'
import { innerMap, noteValues } from './define-map-entries.ts'
import { kernelName } from './define-struct.ts'
import { structNamed } from './forms/shared.ts'
import { type Option, parseOptions } from './options.ts'
import { printDatum } from './print.ts'
import { didYouMean } from './suggest.ts'
import { counted, elementsOf, quoted, type Stx, symbolOf, syntaxError, withArticle } from './syntax.ts'
import { anyType } from './types.ts'

const OPTIONS = [
  'TYPE',
  'KEY-SIZE',
  'VALUE-SIZE',
  'KEY-TYPE',
  'VALUE-TYPE',
  'MAX-ENTRIES',
  'MAP-FLAGS',
  'PINNING',
  'RECORD-TYPE',
  'INNER',
  'VALUES',
]
const SCALAR_OF_SIZE: Readonly<Record<number, Type>> = { 1: u8, 2: u16, 4: u32, 8: u64 }

export function defineMap(module: ModuleState, stx: Stx, args: readonly Stx[]): void {
  const [nameStx, ...rest] = args
  if (!nameStx)
    throw syntaxError(
      'wrong-argument-count',
      stx,
      '`defmap` needs a name',
      'usage: (defmap name :type :hash :key-size 4 :value-size 8 :max-entries 1024)',
    )
  const name = kernelName(nameStx, symbolOf(nameStx, 'the name of a map'), 'map')
  if (module.maps.has(name)) throw syntaxError('duplicate-name', nameStx, `there are two maps named ${quoted(nameStx)}`)
  const options = parseOptions('defmap', rest, OPTIONS)
  const decl = mapDecl(module, { stx, nameStx, name }, options)
  module.maps.set(name, decl)
  noteValues(module, decl, options.get('VALUES'))
}

interface Named {
  readonly stx: Stx
  readonly nameStx: Stx
  /** ELF name. */
  readonly name: string
}

/** The declaration that options make, of a map or of what a map of maps holds. */
function mapDecl(
  module: ModuleState,
  { stx, nameStx, name }: Named,
  options: ReadonlyMap<string, Option>,
): OpenMapDecl {
  const type = mapType(stx, options.get('TYPE'))
  const row: MapTypeRow = MAP_TYPES[type]
  const key = side(module, options, 'KEY')
  const value = side(module, options, 'VALUE')
  const sizes = checkSizes({ stx, nameStx, type, row }, key, value)
  const flagsOption = options.get('MAP-FLAGS')
  const flags = flagsOption ? declaredInteger(module, flagsOption.value, '`:map-flags`') : 0
  if ((flags & row.requiredFlags) !== row.requiredFlags) {
    throw syntaxError(
      'bad-map',
      flagsOption?.value ?? stx,
      `${withArticle(toLispName(type))} map needs the flag BPF_F_NO_PREALLOC`,
      `add \`:map-flags ${row.requiredFlags}\``,
    )
  }
  const describe = (described: Stx) => describedMap(module, `${name}.inner`, described)
  const inner = innerMap(module, { stx, name, type }, options.get('INNER'), describe)
  return {
    name,
    type,
    ...sizes,
    keyType:
      sizes.keySize === 0 ? undefined : (key.type ?? (row.key === 'lpm' ? undefined : SCALAR_OF_SIZE[sizes.keySize])),
    valueType: row.value === 'any' ? (value.type ?? SCALAR_OF_SIZE[sizes.valueSize]) : undefined,
    maxEntries: maxEntries(module, stx, { type, row }, options.get('MAX-ENTRIES')),
    flags,
    pinning: pinning(options.get('PINNING')),
    recordType: recordType(module, row, options.get('RECORD-TYPE')),
    ...(inner && { inner }),
    span: nameStx.span,
  }
}

/** `:inner (:type :array ...)`: one that is in no other place. */
function describedMap(module: ModuleState, name: string, stx: Stx): OpenMapDecl {
  const items = elementsOf(stx)
  if (!items)
    throw syntaxError('bad-option', stx, `\`:inner\` is the name of a map or a list of options, got ${quoted(stx)}`)
  const known = OPTIONS.filter((option) => option !== 'PINNING' && option !== 'VALUES')
  return mapDecl(module, { stx, nameStx: stx, name }, parseOptions(':inner', items, known))
}

function mapType(stx: Stx, option: Option | undefined): MapTypeName {
  if (!option) throw syntaxError('missing-option', stx, '`defmap` needs `:type`', 'for example `:type :hash`')
  const { datum } = option.value
  const name = isSym(datum) ? toKernelName(datum.name) : ''
  if (Object.hasOwn(MAP_TYPES, name)) return name as MapTypeName // hasOwn checked
  const known = Object.keys(MAP_TYPES).map((n) => `:${toLispName(n)}`)
  throw syntaxError(
    'bad-option',
    option.value,
    `no map type is named ${quoted(option.value)}`,
    didYouMean(printDatum(datum), known) ?? `common types are ${known.slice(0, 8).join(' ')}`,
  )
}

interface Side {
  readonly size: number | undefined
  readonly type: Type | undefined
  readonly stx: Stx | undefined
}

/** Size and type of the key or the value, from `:key-size` and `:key-type`. */
function side(module: ModuleState, options: ReadonlyMap<string, Option>, which: 'KEY' | 'VALUE'): Side {
  const sizeOption = options.get(`${which}-SIZE`)
  const typeOption = options.get(`${which}-TYPE`)
  const type = typeOption && anyType(module, typeOption.value, (s) => declaredInteger(module, s, 'an array length'))
  const size = sizeOption && declaredInteger(module, sizeOption.value, `\`:${which.toLowerCase()}-size\``)
  if (size !== undefined && type && size !== sizeOf(type)) {
    throw syntaxError(
      'size-mismatch',
      sizeOption!.value,
      `\`:${which.toLowerCase()}-size\` is ${size}, but ${quoted(typeOption!.value)} has ${counted(sizeOf(type), 'byte')}`,
      'leave the size out: it comes from the type',
    )
  }
  return { size: size ?? (type && sizeOf(type)), type, stx: (sizeOption ?? typeOption)?.value }
}

interface Where {
  readonly stx: Stx
  readonly nameStx: Stx
  readonly type: MapTypeName
  readonly row: MapTypeRow
}

function checkSizes(where: Where, key: Side, value: Side): { keySize: number; valueSize: number } {
  const { stx, row, type } = where
  const lisp = toLispName(type)
  if (row.key === 'none' && row.value === 'none') {
    for (const s of [key, value]) {
      if (s.stx && s.size !== 0)
        throw syntaxError(
          'bad-map',
          s.stx,
          `${withArticle(lisp)} map has neither keys nor values`,
          'leave the option out',
        )
    }
    return { keySize: 0, valueSize: 0 }
  }
  const keySize = row.key === 'none' ? (key.size ?? 0) : sideSize(stx, lisp, key, 'key')
  const valueSize =
    row.value === 'none'
      ? (value.size ?? 0)
      : row.value === 'fd'
        ? (value.size ?? 4)
        : sideSize(stx, lisp, value, 'value')
  if (row.key === 'index' && keySize !== 4) {
    throw syntaxError(
      'bad-map',
      key.stx ?? stx,
      `${withArticle(lisp)} map has 4-byte keys, got ${keySize}`,
      'the key is a u32 index: `:key-size 4`',
    )
  }
  if (row.value === 'fd' && valueSize !== 4)
    throw syntaxError('bad-map', value.stx ?? stx, `${withArticle(lisp)} map has 4-byte values, got ${valueSize}`)
  // kernel/bpf/lpm_trie.c (6.18): u32 prefix length, then 1 to 256 bytes of data.
  if (row.key === 'lpm' && (keySize < 5 || keySize > 260)) {
    throw syntaxError(
      'bad-map',
      key.stx ?? stx,
      `the key of an lpm-trie map has 5 to 260 bytes, got ${keySize}`,
      'it is a u32 prefix length followed by the data',
    )
  }
  return { keySize, valueSize }
}

function sideSize(stx: Stx, lisp: string, { size, stx: at }: Side, which: 'key' | 'value'): number {
  if (size === undefined)
    throw syntaxError('missing-option', stx, `${withArticle(lisp)} map needs \`:${which}-size\` or \`:${which}-type\``)
  // kernel/bpf/hashtab.c (6.18): keys are limited by the stack (MAX_BPF_STACK); values by KMALLOC_MAX_SIZE.
  const most = which === 'key' ? 512 : 1 << 20
  if (size < 1 || size > most)
    throw syntaxError('bad-map', at ?? stx, `\`:${which}-size\` is 1 to ${most} bytes, got ${size}`)
  return size
}

function maxEntries(
  module: ModuleState,
  stx: Stx,
  { type, row }: { type: MapTypeName; row: MapTypeRow },
  option: Option | undefined,
): number {
  if (!option) {
    if (row.maxEntries === 'zero' || row.maxEntries === 'optional') return 0
    throw syntaxError('missing-option', stx, '`defmap` needs `:max-entries`')
  }
  const count = declaredInteger(module, option.value, '`:max-entries`')
  if (row.maxEntries === 'optional' && count === 0) return 0
  if (row.maxEntries === 'zero') {
    if (count === 0) return 0
    throw syntaxError(
      'bad-map',
      option.value,
      `${withArticle(toLispName(type))} map has as many entries as there are owners; \`:max-entries\` is 0, got ${count}`,
      'leave the option out',
    )
  }
  if (count < 1) throw syntaxError('bad-map', option.value, `\`:max-entries\` is at least 1, got ${count}`)
  // kernel/bpf/ringbuf.c (6.18): a power of two and a multiple of the page size.
  if (row.maxEntries === 'pageBytes' && ((count & (count - 1)) !== 0 || count < 4096)) {
    const next = Math.max(4096, 2 ** Math.ceil(Math.log2(count)))
    throw syntaxError(
      'bad-map',
      option.value,
      `the size of ${withArticle(toLispName(type))} map is a power of two of at least 4096 bytes, got ${count}`,
      `for example ${next}`,
    )
  }
  return count
}

function pinning(option: Option | undefined): 'byName' | undefined {
  if (!option) return undefined
  const { datum } = option.value
  const name = isSym(datum)
    ? datum.name
    : typeof datum === 'string'
      ? datum.toUpperCase()
      : datum === 1n
        ? 'BY-NAME'
        : ''
  if (name === 'NIL' || name === 'NONE') return undefined
  if (name === 'BY-NAME') return 'byName'
  throw syntaxError('bad-option', option.value, `\`:pinning\` is :by-name or :none, got ${quoted(option.value)}`)
}

function recordType(module: ModuleState, row: MapTypeRow, option: Option | undefined): Type | undefined {
  if (!option) return undefined
  if (row.handle !== 'ringbuf') throw syntaxError('bad-option', option.key, '`:record-type` is for ring buffers')
  return structNamed({ module }, option.value)
}
