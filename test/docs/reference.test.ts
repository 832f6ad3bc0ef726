/** The generated pages are what `npm run docs` writes, and every form and function has its documentation. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PAGES } from '../../scripts/docs/pages.ts'

const DOCS = new URL('../../docs/', import.meta.url)

describe('docs', () => {
  it.each(Object.entries(PAGES))('%s is current (npm run docs)', (path, make) => {
    expect(readFileSync(new URL(path, DOCS), 'utf8')).toBe(make())
  })
  it.each(Object.entries(PAGES))('%s has no row without a text', (_, make) => {
    expect(make().match(/^\| `[^|]*` \|\s*\|$/gm)).toBeNull()
  })
})
