/**
 * What maps of maps and prog arrays hold: `:inner` says what each map in a map of maps looks like, `:values` which maps or
 * programs are in it from the start.
 *
 *   (defmap tables :type :array-of-maps :key-size 4 :max-entries 2 :inner table-a :values (table-a nil))
 *   (defmap flows :type :hash-of-maps :key-size 4 :max-entries 64 :inner (:type :hash :key-size 8 :value-size 8 :max-entries 9))
 *   (defmap stages :type :prog-array :key-size 4 :max-entries 2 :values (parse nil))
 *
 * `:values` may name what is defined further down, so it is checked when the file has been read.
 */
import type { MapDecl } from '../forms/module.ts'
import { KERNEL_CONSTANTS } from '../tables/generated/enums.ts'
import { MAP_TYPES, type MapTypeName } from '../tables/map-types.ts'
import { toKernelName, toLispName } from '../tables/names.ts'
import type { ModuleState, OpenMapDecl } from './context.ts'
import { isSym, NIL } from './datum.ts'
import { mapNamed } from './forms/shared.ts'
import type { Option } from './options.ts'
import { printDatum } from './print.ts'
import { didYouMean } from './suggest.ts'
import { counted, diagnosticOf, elementsOf, quoted, type Stx, symbolOf, syntaxError, withArticle } from './syntax.ts'

/** An array in an array of maps may have another size than the template (array_map_meta_equal, kernel/bpf/arraymap.c). */
const INNER_MAP = Number(KERNEL_CONSTANTS.BPF_F_INNER_MAP)

const holdsMaps = (type: MapTypeName): boolean => type === 'array_of_maps' || type === 'hash_of_maps'

interface Outer {
  readonly stx: Stx
  readonly name: string
  readonly type: MapTypeName
}

/** The template of a map of maps; `describe` makes one from a list of options. */
export function innerMap(
  module: ModuleState,
  outer: Outer,
  option: Option | undefined,
  describe: (options: Stx) => MapDecl,
): MapDecl | undefined {
  const kind = withArticle(toLispName(outer.type))
  if (!holdsMaps(outer.type)) {
    if (option) throw syntaxError('bad-option', option.key, `${kind} map holds no maps`, 'leave `:inner` out')
    return undefined
  }
  if (!option)
    throw syntaxError(
      'missing-option',
      outer.stx,
      `${kind} map needs \`:inner\``,
      'name a map of the same kind, or describe it: `:inner (:type :array :key-size 4 :value-size 8 :max-entries 1)`',
    )
  const { value } = option
  const inner = isSym(value.datum) ? mapNamed({ module, scope: undefined }, value) : describe(value)
  // bpf_map_meta_alloc, kernel/bpf/map_in_map.c (6.18): one level, and no kinds whose use depends on their owner.
  if (inner.inner || inner.type === 'prog_array' || MAP_TYPES[inner.type].key === 'fd' || inner.type === 'struct_ops')
    throw syntaxError('bad-map', value, `${withArticle(toLispName(inner.type))} map cannot be in another map`)
  return inner
}

// --- first entries

/** Takes `:values` down, to be checked by `checkValues`. */
export function noteValues(module: ModuleState, decl: OpenMapDecl, option: Option | undefined): void {
  if (!option) return
  const { type, maxEntries, keySize } = decl
  if (!holdsMaps(type) && type !== 'prog_array')
    throw syntaxError(
      'bad-option',
      option.key,
      `${withArticle(toLispName(type))} map has no \`:values\``,
      'they are for prog-array, array-of-maps and hash-of-maps',
    )
  const items = elementsOf(option.value)
  if (!items) throw syntaxError('bad-option', option.value, `expected a list of names, got ${quoted(option.value)}`)
  if (items.length > maxEntries)
    throw syntaxError(
      'bad-map',
      option.value,
      `${counted(items.length, 'value')}, but \`:max-entries\` is ${maxEntries}`,
    )
  // The keys are the positions in the list (init_map_in_map_slots in libbpf).
  if (keySize !== 4) throw syntaxError('bad-map', option.value, '`:values` needs keys of 4 bytes: they get 0, 1, 2 ...')
  module.values.set(decl.name, items)
}

/** Resolves the values of all maps; what is wrong with them goes to the bag. */
export function checkValues(module: ModuleState): void {
  for (const [name, items] of module.values) {
    const decl = module.maps.get(name)!
    const entryOf = decl.inner ? mapEntry : programEntry
    decl.slots = items.map((stx) => {
      try {
        return stx.datum === NIL ? undefined : entryOf(module, decl, stx)
      } catch (error) {
        module.bag.add(diagnosticOf(error, stx))
        return undefined
      }
    })
  }
}

function mapEntry(module: ModuleState, { name, inner }: OpenMapDecl, stx: Stx): string {
  const map = mapNamed({ module, scope: undefined }, stx)
  const template = inner!
  const sizes = (m: MapDecl) => [m.type, m.keySize, m.valueSize, m.flags, ...(isFixedSize(m) ? [m.maxEntries] : [])]
  if (sizes(map).join() !== sizes(template).join())
    throw syntaxError(
      'bad-map',
      stx,
      `${quoted(stx)} does not look like the maps in \`${toLispName(name)}\`: ${described(map)}; expected ${described(template)}`,
    )
  return map.name
}

const isFixedSize = ({ type, flags }: MapDecl): boolean => type === 'array' && (flags & INNER_MAP) === 0

function described({ type, keySize, valueSize, maxEntries, flags }: MapDecl): string {
  const flagged = flags ? `, flags ${flags}` : ''
  return `${withArticle(toLispName(type))} map, ${keySize}-byte keys, ${valueSize}-byte values, ${maxEntries} entries${flagged}`
}

/** All programs of an array have one type (bpf_prog_map_compatible, kernel/bpf/core.c, 6.18). */
function programEntry(module: ModuleState, { name }: OpenMapDecl, stx: Stx): string {
  const wanted = toKernelName(symbolOf(stx, 'the name of a program').name)
  const programs = module.programs.map(({ decl }) => decl)
  const program = programs.find((each) => each.name === wanted)
  if (!program) {
    const names = programs.map((each) => toLispName(each.name))
    throw syntaxError(
      'unbound-variable',
      stx,
      `no program is named ${quoted(stx)}`,
      didYouMean(printDatum(stx.datum), names),
    )
  }
  const [first] = module.values.get(name)!.filter((each) => each.datum !== NIL)
  const other = programs.find((each) => isSym(first!.datum) && each.name === toKernelName(first!.datum.name))
  if (other && other.type !== program.type)
    throw syntaxError(
      'bad-map',
      stx,
      `${quoted(stx)} is a ${toLispName(program.type)} program, but ${quoted(first!)} is a ${toLispName(other.type)} program`,
      'all programs of a prog-array have one type',
    )
  return program.name
}
