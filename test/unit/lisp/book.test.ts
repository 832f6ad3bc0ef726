import { describe, expect, it } from 'vitest'
import { BOOK } from './book-examples.ts'
import { read } from './support.ts'

describe('examples of the language book', () => {
  it.each(Object.entries(BOOK))('%s', (_, { text, problems, check }) => {
    const reading = read(text)
    expect(reading.problems).toEqual(problems ?? [])
    check?.(reading)
  })
})
