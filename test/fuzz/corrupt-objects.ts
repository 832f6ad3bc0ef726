/**
 * Objects and BTF that were changed at random: reading them gives an object or an error that says what is wrong, never
 * another exception, a hang or memory without end.
 */
import { readBtf } from '../../packages/core/src/btf/reader.ts'
import { Abort } from '../../packages/core/src/diag/diagnostic.ts'
import { fromElf } from '../../packages/core/src/object/from-elf.ts'
import { linkProgram } from '../../packages/core/src/object/link.ts'
import { compileProgram } from '../support/programs.ts'
import { type Random, randomFrom } from '../support/random.ts'

export interface CorruptResult {
  readonly cases: number
  /** Still an object after the change. */
  readonly accepted: number
  readonly refused: number
  /** What must not be: the case and its error. */
  readonly failures: readonly string[]
}

const PROGRAMS = ['count-xdp', 'runqlat', 'nodeport-lb4', 'synflood']

/** `more`: other valid files to begin with. */
export function corruptObjects(seed: number, cases: number, more: readonly Uint8Array[] = []): CorruptResult {
  const random = randomFrom(seed)
  const valid = [...PROGRAMS.map((name) => compileProgram(name).elf), ...more]
  const btfs = valid.flatMap((elf) => fromElf(elf).btf ?? [])
  let accepted = 0
  let refused = 0
  const failures: string[] = []
  for (let i = 0; i < cases; i++) {
    // One in four changes the BTF alone, which most changes of a whole file miss.
    const files = i % 4 === 3 ? btfs : valid
    const bytes = mutate(random, random.pick(files))
    try {
      if (files === btfs) readAllTypes(bytes)
      else readWhole(bytes)
      accepted++
    } catch (error) {
      if (error instanceof Abort && error.message !== '') refused++
      else failures.push(`seed ${seed}, case ${i}: ${(error as Error).stack}`)
    }
  }
  return { cases, accepted, refused, failures }
}

function readWhole(bytes: Uint8Array): void {
  const object = fromElf(bytes)
  for (const program of object.programs) linkProgram(object, program)
}

function readAllTypes(bytes: Uint8Array): void {
  const btf = readBtf(bytes)
  for (let id = 0; id < btf.typeCount; id++) {
    btf.type(id)
    btf.resolve(id)
  }
}

/** Values that lie at borders. */
const WORDS = [0, 1, 7, 8, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff]

function mutate(random: Random, valid: Uint8Array): Uint8Array {
  const bytes = valid.slice()
  const view = new DataView(bytes.buffer)
  if (random.oneIn(10)) return bytes.slice(0, random.below(bytes.length))
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(bytes.length - 8)
    switch (random.below(4)) {
      case 0:
        bytes[at] = random.below(256)
        break
      case 1:
        view.setUint32(at & ~3, random.pick(WORDS), true)
        break
      case 2: {
        const from = random.below(bytes.length)
        bytes.copyWithin(at, from, from + 1 + random.below(64))
        break
      }
      default:
        // The headers, where most is at stake: the first bytes of an ELF file or BTF, and the section headers at the end.
        view.setUint8(random.oneIn(2) ? random.below(64) : bytes.length - 1 - random.below(512), random.below(256))
    }
  }
  return bytes
}
