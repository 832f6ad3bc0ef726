/** `defprog`: name, program type, section, licence. The body is translated later. */

import { toLispName } from '../tables/names.ts'
import { PROGRAM_TYPES, type ProgramTypeName, programTypeRow } from '../tables/program-types.ts'
import {
  defaultSection,
  matchSection,
  PROGRAM_TYPE_NAMES,
  programTypeByName,
  SECTION_NAMES,
} from '../tables/sections.ts'
import type { ModuleState } from './context.ts'
import { isCons, isSym, NIL } from './datum.ts'
import { kernelName } from './define-struct.ts'
import { type Option, parseOptions } from './options.ts'
import { printDatum } from './print.ts'
import { didYouMean } from './suggest.ts'
import { listOf, quoted, type Stx, symbolOf, syntaxError } from './syntax.ts'

interface Placement {
  readonly type: ProgramTypeName
  readonly section: string
  readonly attachType: string | undefined
  readonly label: string | undefined
}

export function defineProgram(module: ModuleState, stx: Stx, args: readonly Stx[]): void {
  const [nameStx, optionsStx, ...body] = args
  if (!nameStx || !optionsStx)
    throw syntaxError(
      'wrong-argument-count',
      stx,
      '`defprog` needs a name and options',
      'usage: (defprog name (:type :xdp) body...)',
    )
  const name = kernelName(nameStx, symbolOf(nameStx, 'the name of a program'), 'program')
  if (module.programs.some((p) => p.decl.name === name))
    throw syntaxError('duplicate-name', nameStx, `there are two programs named ${quoted(nameStx)}`)
  if (module.maps.has(name))
    throw syntaxError('duplicate-name', nameStx, `a map and a program are both named ${quoted(nameStx)}`)
  if (!isCons(optionsStx.datum) && optionsStx.datum !== NIL) {
    throw syntaxError(
      'bad-syntax',
      optionsStx,
      `expected the options of the program, got ${quoted(optionsStx)}`,
      'usage: (defprog name (:type :xdp) body...)',
    )
  }
  const options = parseOptions('defprog', listOf(optionsStx, 'options'), ['TYPE', 'SECTION', 'LICENSE'])
  const placement = place(options)
  noteLicense(module, options.get('LICENSE'))
  const real = body.filter((form, i) => !(i === 0 && body.length > 1 && typeof form.datum === 'string'))
  if (real.length === 0)
    throw syntaxError(
      'bad-syntax',
      stx,
      `the program ${quoted(nameStx)} has no body`,
      'the value of its last form is the result',
    )
  module.programs.push({
    decl: { name, ...placement, span: nameStx.span },
    body: real,
    stx,
  })
}

/** An ELF object has one licence, which holds for all of its programs. */
function noteLicense(module: ModuleState, option: Option | undefined): void {
  const license = text(option, 'a licence')
  if (license === undefined || !option) return
  const known = module.license
  if (known === undefined) module.license = { text: license, stx: option.value }
  else if (known.text !== license)
    throw syntaxError(
      'bad-option',
      option.value,
      `a file has one licence, and a program above has ${quoted(known.stx)}`,
      'give all programs the same `:license`, or put them into two files',
    )
}

/** The section decides when it and the type say different things. */
function place(options: ReadonlyMap<string, Option>): Placement {
  const typeOption = options.get('TYPE')
  const type = typeOption ? programType(typeOption) : 'xdp'
  const sectionOption = options.get('SECTION')
  const section = text(sectionOption, 'a section')
  if (section === undefined) {
    const row = defaultSection(type)
    return { type, section: row.name, attachType: row.attachType, label: undefined }
  }
  const match = matchSection(section)
  if (match) return { type: match.type, section: match.section, attachType: match.entry.attachType, label: match.label }
  const hint =
    didYouMean(section, SECTION_NAMES) ?? `sections of ${toLispName(type)} programs are ${sectionExamples(type)}`
  throw syntaxError(
    'unknown-program-type',
    sectionOption!.value,
    `no program type has a section named ${quoted(sectionOption!.value)}`,
    hint,
  )
}

function sectionExamples(type: ProgramTypeName): string {
  return programTypeRow(type)
    .sections.slice(0, 6)
    .map((s) => `"${s.name}${s.target === 'required' ? '/...' : ''}"`)
    .join(', ')
}

function programType(option: Option): ProgramTypeName {
  const { datum } = option.value
  const found = isSym(datum) ? programTypeByName(datum.name) : undefined
  if (found) return found
  const known = PROGRAM_TYPE_NAMES.map((n) => `:${toLispName(n)}`)
  throw syntaxError(
    'unknown-program-type',
    option.value,
    `no program type is named ${quoted(option.value)}`,
    didYouMean(printDatum(datum), known) ??
      `types are ${Object.keys(PROGRAM_TYPES)
        .slice(0, 9)
        .map((n) => `:${toLispName(n)}`)
        .join(' ')} ...`,
  )
}

/** A string option; nil counts as absent. */
function text(option: Option | undefined, what: string): string | undefined {
  if (!option || option.value.datum === NIL) return undefined
  if (typeof option.value.datum === 'string') return option.value.datum
  throw syntaxError(
    'bad-option',
    option.value,
    `${what} is a string, got ${quoted(option.value)}`,
    `write "${printDatum(option.value.datum, 'plain')}"`,
  )
}
