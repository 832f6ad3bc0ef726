/** Corrupt ELF and BTF: an object or a typed error, always. */
import { expect, it } from 'vitest'
import { corruptObjects } from './corrupt-objects.ts'

it('300 corrupt objects are read or refused with a reason', () => {
  const { failures, accepted, refused } = corruptObjects(20261125, 300)
  expect(failures).toEqual([])
  expect(accepted + refused).toBe(300)
  expect(refused).toBeGreaterThan(50)
})
