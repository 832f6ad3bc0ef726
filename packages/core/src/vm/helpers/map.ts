/** Map helpers (kernel/bpf/helpers.c 6.18). */
import { ERRNO } from '../errno.ts'
import type { Machine, VmHelper } from '../machine.ts'
import { MAX_TAIL_CALLS } from '../machine.ts'
import type { VmFilter, VmMap } from '../maps/map.ts'
import { AccessError } from '../memory.ts'

/** r0 = pointer to the value, or null. */
function resultValue(m: Machine, map: VmMap, offset: number): void {
  if (offset < 0 || map.values === undefined) m.result(0)
  else m.setPointer(0, map.values, offset)
}

const lookup: VmHelper = (m) => {
  const map = m.map(1)
  const key = m.bytes(2, map.spec.keySize, 'read')
  if (map.maps) return resultMap(m, map.maps.get(key))
  resultValue(m, map, map.find(key, m.settings.cpu, 'touch'))
}

function resultMap(m: Machine, map: VmMap | undefined): void {
  if (map === undefined) m.result(0)
  else m.setPointer(0, map.pointer, 0)
}

const lookupPerCpu: VmHelper = (m) => {
  const map = m.map(1)
  const cpu = m.u32(3)
  if (cpu >= m.settings.cpus) return m.result(0)
  resultValue(m, map, map.find(m.bytes(2, map.spec.keySize, 'read'), cpu, 'touch'))
}

const update: VmHelper = (m) => {
  const map = m.map(1)
  const key = m.bytes(2, map.spec.keySize, 'read')
  const value = m.bytes(3, map.spec.valueSize, 'read')
  // Copies: the value may lie in the map itself, which can grow.
  m.result(map.update(key.slice(), value.slice(), flagsOf(m, 4), m.settings.cpu))
}

const remove: VmHelper = (m) => {
  const map = m.map(1)
  m.result(map.delete(m.bytes(2, map.spec.keySize, 'read')))
}

/** Flags are 64 bits; whatever does not fit 32 is unknown to every map. */
function flagsOf(m: Machine, register: number): number {
  return m.hi[register] === 0 ? m.u32(register) : 0xffff_ffff
}

const tailCall: VmHelper = (m) => {
  const map = m.map(2)
  if (map.programs === undefined) throw new AccessError(`map ${map.spec.name} is no prog_array`)
  const code = map.programs[m.u32(3)]
  // The limit counts over the whole chain; a tail call that fails goes on after it.
  if (code === undefined || m.run.tailCalls >= MAX_TAIL_CALLS) return m.scramble(0, 0)
  m.run.tailCalls++
  m.tailCall(code)
}

const redirectMap: VmHelper = (m) => {
  const map = m.map(1)
  const key = m.u32(2)
  const bytes = Uint8Array.of(key, key >>> 8, key >>> 16, key >>> 24)
  const found = map.find(bytes, 0, 'peek')
  const isSet = found >= 0 && map.values!.view.getUint32(found, true) !== 0
  if (isSet) m.run.redirect = { to: { map: map.spec.name, key }, flags: m.u32(3) }
  // XDP_REDIRECT, or the low bits of the flags for a missing entry (__bpf_xdp_redirect_map).
  m.result(isSet ? 4 : m.u32(3) & 3)
}

const push: VmHelper = (m) => {
  const map = m.map(1)
  const value = m.bytes(2, map.spec.valueSize, 'read')
  const flags = flagsOf(m, 3)
  m.result(map.filter?.add(value, flags) ?? map.queue?.push(value, flags) ?? -ERRNO.EINVAL)
}

const take =
  (how: 'pop' | 'peek'): VmHelper =>
  (m) => {
    const map = m.map(1)
    if (map.filter !== undefined) return m.result(how === 'peek' ? member(m, map.filter) : -ERRNO.EOPNOTSUPP)
    const out = m.bytes(2, map.spec.valueSize, 'write')
    m.result(map.queue === undefined ? -ERRNO.EINVAL : map.queue[how](out))
  }

/** Here the value is an argument: 0 when it was added. */
function member(m: Machine, filter: VmFilter): number {
  return filter.has(m.bytes(2, m.map(1).spec.valueSize, 'read')) ? 0 : -ERRNO.ENOENT
}

export const mapHelpers = {
  map_lookup_elem: lookup,
  map_lookup_percpu_elem: lookupPerCpu,
  map_update_elem: update,
  map_delete_elem: remove,
  tail_call: tailCall,
  redirect_map: redirectMap,
  map_push_elem: push,
  map_pop_elem: take('pop'),
  map_peek_elem: take('peek'),
} satisfies Record<string, VmHelper>
