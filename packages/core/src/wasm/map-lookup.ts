/** Map lookups in WebAssembly, over the layouts of vm/maps/array.ts and vm/maps/hash-table.ts. */
import { HASH_FACTOR, NODE } from '../vm/maps/hash-table.ts'
import { strideOf, type VmMap } from '../vm/maps/map.ts'
import type { Emitter } from './emitter.ts'
import { I32, I64, OP, TYPE } from './ops.ts'

/** Longer keys are left to the host: the code has one piece for every 4 bytes. */
const MAX_KEY = 128

export type InlineLookup = 'array' | 'hash'

export function inlineLookup(map: VmMap): InlineLookup | undefined {
  if (map.values === undefined) return undefined
  if (map.table !== undefined) return map.spec.keySize <= MAX_KEY ? 'hash' : undefined
  return map.spec.type === 'array' || map.spec.type === 'percpu_array' ? 'array' : undefined
}

/** From the key's address on the stack to a pointer or 0. `word`: an i32 local; `cpu`: address of the CPU cell. */
export function writeArrayLookup(e: Emitter, map: VmMap, word: number, cpu: number): void {
  const { base, hi } = map.values!
  e.memory(I32.load).tee(word).i32(map.spec.maxEntries).op(I32.ltU).when(TYPE.i64)
  e.get(word).i32(strideOf(map.spec)).op(I32.mul).i32(base).op(I32.add)
  if (map.spec.type === 'percpu_array') {
    e.i32(cpu).memory(I32.load).i32(map.cpuStride).op(I32.mul).op(I32.add)
  }
  e.op(I64.extendU).i64(0, hi).op(I64.or)
  e.otherwise().i64(0, 0).close()
}

/** The body of (address of the key) -> pointer or 0. */
export function writeHashLookup(e: Emitter, map: VmMap): void {
  const [key, hash, slot, node] = [0, 1, 2, 3]
  const table = map.table!
  const { base, hi } = map.values!
  const parts = keyParts(table.keySize)
  e.i32(table.keySize).set(hash)
  for (const { offset, load } of parts) {
    e.get(hash).get(key).memory(load, offset).op(I32.xor).i32(HASH_FACTOR).op(I32.mul).tee(hash)
    e.get(hash).i32(15).op(I32.shrU).op(I32.xor).set(hash)
  }
  e.get(hash).i32(table.mask).op(I32.and).i32(2).op(I32.shl).memory(I32.load, table.buckets).set(slot)
  const again = e.open('loop')
  e.get(slot).op(I32.eqz).when().i64(0, 0).op(OP.return).close()
  e.get(slot).i32(1).op(I32.sub).i32(table.nodeBytes).op(I32.mul).i32(table.nodes).op(I32.add).tee(node)
  e.memory(I32.load, NODE.hash).get(hash).op(I32.eq).when()
  for (const [i, { offset, load }] of parts.entries()) {
    e.get(node)
      .memory(load, NODE.key + offset)
      .get(key)
      .memory(load, offset)
      .op(I32.xor)
    if (i > 0) e.op(I32.or)
  }
  e.op(I32.eqz).when()
  e.get(slot).i32(1).op(I32.sub).i32(strideOf(map.spec)).op(I32.mul).i32(base).op(I32.add)
  e.op(I64.extendU).i64(0, hi).op(I64.or).op(OP.return)
  e.close().close()
  e.get(node).memory(I32.load, NODE.next).set(slot).branch('br', again)
  e.close().op(OP.unreachable)
}

/** Words of 4 bytes, then single bytes, as `hashOf` takes them. */
function keyParts(size: number): { offset: number; load: number }[] {
  const words = Array.from({ length: size >> 2 }, (_, i) => ({ offset: 4 * i, load: I32.load as number }))
  const rest = Array.from({ length: size & 3 }, (_, i) => ({ offset: (size & ~3) + i, load: I32.load8 as number }))
  return [...words, ...rest]
}
