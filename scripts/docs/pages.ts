/** Every generated page by its path below docs/. The test of the docs reads this, too. */
import { attachPage } from './attach.ts'
import { constantsPage, contextsPage, helpersPage, mapTypesPage, programTypesPage, protocolsPage } from './kernel.ts'
import { compileTimePage, formsPage } from './language.ts'
import { cliPage, diagnosticsPage, passesPage } from './tools.ts'
import { refusedPage } from './typescript.ts'

export const PAGES: Readonly<Record<string, () => string>> = {
  'reference/forms.md': formsPage,
  'reference/compile-time.md': compileTimePage,
  'reference/helpers.md': helpersPage,
  'reference/program-types.md': programTypesPage,
  'reference/attaching.md': attachPage,
  'reference/contexts.md': contextsPage,
  'reference/map-types.md': mapTypesPage,
  'reference/protocols.md': protocolsPage,
  'reference/constants.md': constantsPage,
  'reference/diagnostics.md': diagnosticsPage,
  'reference/cli.md': cliPage,
  'reference/typescript-refused.md': refusedPage,
  'passes.md': passesPage,
}
