/**
 * Values of `extern ... __kconfig` variables, as the kernel's configuration writes them: `y`, `m`, `n`, `"text"`, `250`,
 * `0xff`. The result is an object whose map `.kconfig` is filled, and nothing else differs.
 */
import { badObject } from '../bytes/reader.ts'
import type { BpfObject, KconfigSpec } from './object.ts'
import { KCONFIG_SECTION } from './read-externs.ts'

/** `enum libbpf_tristate`; also how integers show the three (set_kcfg_value_tri in libbpf). */
const TRISTATE: Readonly<Record<string, number>> = { n: 0, y: 1, m: 2 }

/** `textOf` gives the text of an option, undefined for one that the kernel does not have; `nearTo`: one like a wrong name. */
export function withKconfig(
  object: BpfObject,
  textOf: (name: string) => string | undefined,
  nearTo: (name: string) => string | undefined = () => undefined,
): BpfObject {
  const map = object.maps.find(({ name }) => name === KCONFIG_SECTION)
  if (!object.kconfig || !map?.data) return object
  const content = new Uint8Array(map.valueSize)
  for (const spec of object.kconfig) {
    const text = textOf(spec.name)
    if (text !== undefined) writeValue(content, spec, text)
    else if (!spec.weak) throw missing(spec.name, nearTo(spec.name))
  }
  const filled = { ...map, data: { ...map.data, content } }
  return { ...object, maps: object.maps.map((each) => (each === map ? filled : each)) }
}

function missing(name: string, near: string | undefined): Error {
  return badObject(
    `the variable ${name} (__kconfig) is not in this kernel's configuration`,
    near === undefined
      ? 'declare it __weak, and it is 0 where it is missing'
      : `did you mean ${near}? or declare it __weak`,
  )
}

function writeValue(content: Uint8Array, spec: KconfigSpec, text: string): void {
  const { form, offset, size } = spec
  if (form === 'string') {
    content.set(stringBytes(spec, text), offset)
    return
  }
  const value = numberOf(spec, text)
  for (let i = 0; i < size; i++) content[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn)
}

/** A string that is too long is cut, as libbpf does; the last byte is always NUL. */
function stringBytes({ name, size }: KconfigSpec, text: string): Uint8Array {
  const quoted = /^"(.*)"$/s.exec(text)
  if (!quoted) throw mismatch(name, text, 'a string')
  return new TextEncoder().encode(quoted[1]!.replaceAll(/\\(.)/g, '$1')).slice(0, size - 1)
}

function numberOf({ name, form, size }: KconfigSpec, text: string): bigint {
  const state = TRISTATE[text]
  if (state !== undefined) {
    if (form === 'char') return BigInt(text.charCodeAt(0))
    if (form === 'bool' && text === 'm') throw mismatch(name, text, 'a bool')
    return BigInt(state)
  }
  if (form === 'bool' || form === 'tristate') throw mismatch(name, text, form === 'bool' ? 'a bool' : 'y, m or n')
  const digits = /^-?(0x[0-9a-f]+|\d+)$/i.exec(text)
  if (!digits) throw mismatch(name, text, 'a number')
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
  const bits = size * 8
  const fits = form === 'unsigned' ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value)
  if (fits !== value) throw mismatch(name, text, `a number of ${size} bytes`)
  return BigInt.asUintN(bits, value)
}

function mismatch(name: string, text: string, wanted: string): Error {
  return badObject(`the variable ${name} (__kconfig) is ${wanted}, but the kernel's configuration says ${text}`)
}
