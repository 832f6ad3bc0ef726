/** Whatever bytes come in, only `Abort('bad-object')` may come out. */
import { describe, expect, it } from 'vitest'
import { readBtfExt } from '../../../packages/core/src/btf/ext.ts'
import { readBtf } from '../../../packages/core/src/btf/reader.ts'
import { Abort } from '../../../packages/core/src/diag/diagnostic.ts'
import { readElf } from '../../../packages/core/src/elf/reader.ts'
import { extInfoFor } from '../../../packages/core/src/object/ext-info.ts'
import { fromElf } from '../../../packages/core/src/object/from-elf.ts'
import { toElf } from '../../../packages/core/src/object/to-elf.ts'
import { u32, u64 } from '../../../packages/core/src/types/types.ts'
import { counting, handObject, mapDecl, returning } from '../../support/objects.ts'
import { type Random, randomFrom } from '../../support/random.ts'

const SEED = 20261125
const MUTATIONS = 1000

const object = handObject({
  programs: [
    { name: 'first', code: counting('hits', 2) },
    { name: 'second', code: returning(1), section: 'tracepoint/sched/sched_switch', type: 'tracepoint' },
  ],
  maps: [mapDecl('hits', { keyType: u32, valueType: u64 }), mapDecl('raw', { type: 'hash', keySize: 12 })],
})
const elf = toElf(object)

function readAll(bytes: Uint8Array): void {
  const read = fromElf(bytes)
  for (const program of read.programs) extInfoFor(read, program)
}

function readAllBtf(bytes: Uint8Array): void {
  const btf = readBtf(bytes)
  for (let id = 0; id < btf.typeCount; id++) {
    btf.type(id)
    btf.find(btf.kindOf(id), btf.nameOf(id))
    btf.resolve(id)
    if (['struct', 'array', 'var', 'ptr'].includes(btf.kindOf(id))) btf.sizeOf(id)
  }
}

/** True when it was refused in the right way; anything else that is thrown fails the test. */
function refuses(read: (bytes: Uint8Array) => void, bytes: Uint8Array): boolean {
  try {
    read(bytes)
    return false
  } catch (error) {
    if (error instanceof Abort && error.diagnostic.code === 'bad-object') return true
    throw error
  }
}

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice()
  const edges = [0, 1, 0x7f, 0x80, 0xff]
  for (let n = 1 + random.below(4); n > 0; n--) {
    const at = random.below(copy.length)
    const width = random.pick([1, 1, 2, 4, 8])
    const value = random.oneIn(2) ? random.pick(edges) : random.below(256)
    copy.fill(value, at, at + width)
  }
  return copy
}

describe('malformed bytes', () => {
  it('every truncation of an object is refused', () => {
    for (let length = 0; length < elf.length; length++)
      expect(refuses(readAll, elf.subarray(0, length)), `${length} bytes`).toBe(true)
  })

  it('every truncation of BTF is refused', () => {
    const btf = object.btf!
    for (let length = 0; length < btf.length; length++)
      expect(refuses(readAllBtf, btf.subarray(0, length)), `${length} bytes`).toBe(true)
  })

  it(`${MUTATIONS} mutated objects (seed ${SEED})`, () => {
    const random = randomFrom(SEED)
    let refused = 0
    for (let i = 0; i < MUTATIONS; i++) if (refuses(readAll, mutate(elf, random))) refused++
    // Many mutations hit padding or texts; but a reader that takes everything checks nothing.
    expect(refused).toBeGreaterThan(MUTATIONS / 10)
    expect(refused).toBeLessThan(MUTATIONS)
  })

  it(`${MUTATIONS} mutated BTF sections (seed ${SEED})`, () => {
    const random = randomFrom(SEED)
    let refused = 0
    for (let i = 0; i < MUTATIONS; i++) if (refuses(readAllBtf, mutate(object.btf!, random))) refused++
    expect(refused).toBeGreaterThan(MUTATIONS / 10)
    expect(refused).toBeLessThan(MUTATIONS)
  })

  it(`${MUTATIONS} mutated .BTF.ext sections (seed ${SEED})`, () => {
    const random = randomFrom(SEED)
    const btf = readBtf(object.btf!)
    const ext = readElf(elf).sections.find((section) => section.name === '.BTF.ext')!.data
    for (let i = 0; i < MUTATIONS; i++) refuses((bytes) => readBtfExt(bytes, btf), mutate(ext, random))
    expect(refuses((bytes) => readBtfExt(bytes, btf), ext)).toBe(false)
  })
})
