/**
 * Random functions in the kernel: the verifier must take what the passes made of a function that it takes without them,
 * and both must do the same. The seed in the name of a failing test repeats it.
 */
import { describe, expect, it } from 'vitest'
import { lowerFunc } from '../../packages/core/src/backend/lower.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import type { MapDecl, Module } from '../../packages/core/src/forms/module.ts'
import { buildObject } from '../../packages/core/src/object/build.ts'
import type { BpfObject } from '../../packages/core/src/object/object.ts'
import { optimize } from '../../packages/core/src/opt/pipeline.ts'
import { DEFAULT_OPTIONS } from '../../packages/core/src/options.ts'
import type { Func } from '../../packages/core/src/ssa/func.ts'
import { kernelUsable, loadKernelObject } from '../../packages/loader/src/index.ts'
import { randomFunc } from '../support/random-func.ts'
import { observe } from './differential.ts'

const usable = kernelUsable()
const SEEDS = Array.from({ length: 6 }, (_, i) => 1 + 10 * i)
const BATCH = 10

function compile(seed: number, skip: readonly string[]): BpfObject {
  const fn = randomFunc(seed, { realContext: true, size: 10 + (seed % 30) })
  optimize(fn, { ...DEFAULT_OPTIONS, skip })
  const file = sourceFile('random.ssa', 'random\n')
  const maps = [...mapsOf(fn)]
  const module: Module = {
    file,
    files: [file],
    license: 'GPL',
    structs: [],
    constants: [],
    maps,
    programs: [fn.program],
  }
  return buildObject(module, new Map([[fn.program, lowerFunc(fn, DEFAULT_OPTIONS)]]))
}

/** All of them, in the order of names: a pass may remove the last use of one. */
function mapsOf(fn: Func): Set<MapDecl> {
  const maps = new Set<MapDecl>()
  for (const block of fn.blocks) {
    for (const inst of block.insts) if (inst.op === 'mapRef' || inst.op === 'mapValue') maps.add(inst.attr.map)
  }
  return maps
}

/** Verdicts, packets and what is in the maps afterwards; entries of zeros are left out, like maps that are gone. */
function behaviour(seed: number, skip: readonly string[]): unknown {
  using object = loadKernelObject(compile(seed, skip))
  const packets = [14, 20, 48, 60].map((size) => Uint8Array.from({ length: size }, (_, i) => (i * 37 + seed) & 0xff))
  const { runs, maps } = observe(object, { program: 'p', packets })
  const entries = Object.entries(maps).map(
    ([name, lines]) => [name, lines.filter((line) => !/=0*$/.test(line))] as const,
  )
  return { runs, maps: Object.fromEntries(entries.filter(([, lines]) => lines.length > 0)) }
}

describe.skipIf(!usable.ok)(`random functions in the kernel${usable.ok ? '' : ` (skipped: ${usable.reason})`}`, () => {
  it.each(SEEDS)('seeds from %i', (first) => {
    let compared = 0
    for (let seed = first; seed < first + BATCH; seed++) {
      let plain: unknown
      try {
        plain = behaviour(seed, ['all'])
      } catch {
        // Some random functions make no sense to the verifier; then there is nothing to compare with.
        continue
      }
      compared++
      expect(behaviour(seed, []), `seed ${seed}`).toEqual(plain)
    }
    expect(compared).toBeGreaterThan(BATCH / 2)
  })
})
