/**
 * The Lisp front end: text in, core forms out.
 *
 *   text -> data (reader) -> declarations and macros (toplevel) -> program bodies (translate) -> Module
 *
 * It never throws for bad input: every problem is a diagnostic in the bag, and each top-level form and each program is
 * recovered on its own. Bodies are translated after all declarations, so that a program may use a map declared below it.
 */
import type { Bag } from '../diag/diagnostic.ts'
import type { SourceFile } from '../diag/source.ts'
import { checkRecords } from '../forms/check-records.ts'
import type { Module, ProgramDecl } from '../forms/module.ts'
import type { Form } from '../forms/node.ts'
import type { Host } from '../host.ts'
import type { CompileOptions } from '../options.ts'
import { constantByName } from '../tables/constants.ts'
import { toKernelName } from '../tables/names.ts'
import { sizeOf } from '../types/layout.ts'
import { seq } from './build.ts'
import type { Cx, ModuleState, PendingProgram } from './context.ts'
import { isSym, sym } from './datum.ts'
import { checkValues } from './define-map-entries.ts'
import { translateFunction } from './define-subprog.ts'
import { globalMacro } from './expand.ts'
import { expandAll } from './expand-all.ts'
import { makeInterp } from './interp.ts'
import { printWide } from './print.ts'
import { addProtocolForms } from './protocols.ts'
import { RECORD_WORDING } from './record-wording.ts'
import { FORMS } from './special-forms.ts'
import { LANGUAGE } from './stdlib/index.ts'
import { diagnosticOf } from './syntax.ts'
import { readFileForms } from './toplevel.ts'
import { toForm } from './translate.ts'
import { scalarNamed } from './types.ts'

const DEFAULT_LICENSE = 'GPL'

export function readModule(file: SourceFile, host: Host, options: CompileOptions, bag: Bag): Module {
  const module = makeState(file, { host, options, bag })
  addProtocolForms(module)
  readFileForms(module, file)
  const programs = module.programs.flatMap((pending) => translateProgram(module, pending) ?? [])
  translateRest(module)
  setRecordTypes(module)
  checkValues(module)
  if (module.programs.length === 0 && module.maps.size === 0 && !bag.hasErrors) {
    bag.error('no-program', { file, start: 0, end: 0 }, `\`${file.name}\` defines no program and no map`, {
      hint: 'a program is (defprog name (:type :xdp) body...)',
    })
  }
  return {
    file,
    files: module.files,
    license: module.license?.text ?? DEFAULT_LICENSE,
    structs: [...module.structs.values()].map((s) => s.type),
    constants: [...module.constants.values()],
    maps: [...module.maps.values()],
    programs,
    ...(module.globals.size > 0 && { globals: [...module.globals.values()] }),
    ...(module.functions.size > 0 && { functions: [...module.functions.values()].map(({ decl }) => decl) }),
    ...(module.kfuncs.size > 0 && { kfuncs: [...module.kfuncs.values()] }),
  }
}

function makeState(file: SourceFile, cx: { host: Host; options: CompileOptions; bag: Bag }): ModuleState {
  const interp = makeInterp(
    cx.options.macroSteps,
    {
      sizeOf: (name) => {
        if (!isSym(name)) return undefined
        const scalar = scalarNamed(name.name)
        const type = scalar ?? state.structs.get(toKernelName(name.name))?.type
        return type && BigInt(sizeOf(type))
      },
      constant: (name) => constantByName(name.name)?.value,
      macro: (name) => globalMacro(state, name),
    },
    LANGUAGE,
  )
  const span = { file, start: 0, end: 0 }
  for (const [name, value] of cx.host.constants ?? []) interp.globals.set(sym(name), { value, constant: true, span })
  const state: ModuleState = {
    ...cx,
    file,
    files: [file],
    interp,
    forms: FORMS,
    structs: new Map(),
    maps: new Map(),
    values: new Map(),
    constants: new Map(),
    generated: new Map(),
    programs: [],
    license: undefined,
    globals: new Map(),
    functions: new Map(),
    kfuncs: new Map(),
    callbacks: { count: 0 },
    records: new Map(),
  }
  return state
}

function programContext(module: ModuleState, { decl }: Pick<PendingProgram, 'decl'>): Cx {
  return {
    module,
    program: { type: decl.type, name: decl.name, section: decl.section },
    scope: undefined,
    macros: undefined,
    siblings: [],
    blocks: [],
    depth: 0,
    budget: { forms: 0 },
  }
}

/** Functions that nothing calls: their errors are worth knowing. */
function translateRest(module: ModuleState): void {
  const [first] = module.programs
  if (!first) return
  for (const pending of module.functions.values()) translateFunction(programContext(module, first), pending)
}

/** Undefined when the body has errors. */
function translateProgram(module: ModuleState, pending: PendingProgram): ProgramDecl | undefined {
  const { decl, body, stx } = pending
  try {
    const cx = programContext(module, pending)
    module.options.trace?.({ stage: 'expand', program: decl.name, print: () => printExpansion(cx, body) })
    const form = bodyWithErrors(cx, stx, body)
    if (!form) return undefined
    checkRecords(form, module.bag, RECORD_WORDING)
    return { ...decl, license: module.license?.text ?? DEFAULT_LICENSE, body: form }
  } catch (error) {
    module.bag.add(diagnosticOf(error, stx))
    return undefined
  }
}

/** Each form of the body is translated on its own, so that one run shows the errors of several. */
function bodyWithErrors(cx: Cx, stx: PendingProgram['stx'], body: PendingProgram['body']): Form | undefined {
  const forms: Form[] = []
  let failed = false
  for (const part of body) {
    try {
      forms.push(toForm(cx, part))
    } catch (error) {
      failed = true
      cx.module.bag.add(diagnosticOf(error, part))
    }
  }
  return failed ? undefined : seq(stx, forms)
}

/** The body after macro expansion, as `--emit=expand` shows it. */
function printExpansion(cx: Cx, body: PendingProgram['body']): string {
  return body.map((stx) => printWide(expandAll(cx, stx))).join('\n')
}

/** Ring buffers without `:record-type`: the struct that every reserve and output on them agrees about. */
function setRecordTypes(module: ModuleState): void {
  for (const [name, type] of module.records) {
    const map = module.maps.get(name)
    // Forms refer to the declaration by identity, so it is completed in place.
    if (map && type !== 'mixed') map.recordType ??= type
  }
}
