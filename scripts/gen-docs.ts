/** `npm run docs`: writes docs/reference/*.md and docs/passes.md from the tables. A test demands that they are current. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { PAGES } from './docs/pages.ts'

const DOCS = new URL('../docs/', import.meta.url)
mkdirSync(new URL('reference/', DOCS), { recursive: true })
for (const [path, make] of Object.entries(PAGES)) {
  writeFileSync(new URL(path, DOCS), make())
  console.log(`wrote docs/${path}`)
}
