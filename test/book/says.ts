/** Tests that are named after what the book says; where the book is at hand, it must say so. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SPEC } from '../support/shared.ts'

const path = join(SPEC, 'whistler-book.txt')
/** Its lines end anywhere, sometimes without the space. */
const solid = (text: string) => text.replace(/\s+/g, '')
const book = existsSync(path) ? solid(readFileSync(path, 'utf8')) : undefined

/** `quote` as in the book, but for white space. */
export function says(quote: string, check: () => unknown): void {
  it(quote, async () => {
    if (book !== undefined) expect(book.includes(solid(quote)), 'the book says so').toBe(true)
    await check()
  })
}
