/**
 * VLAN tags of __sk_buff programs (skb_vlan_push, skb_vlan_pop in net/core/skbuff.c, 6.18). The outermost tag lies beside
 * the packet, in `vlan_tci` and `vlan_proto` of the context, as a network card leaves it; only further tags are in its
 * bytes.
 */
import { CONTEXTS } from '../../tables/contexts.ts'
import { ERRNO } from '../errno.ts'
import type { Machine, VmHelper } from '../machine.ts'
import { AccessError } from '../memory.ts'
import { packetOf } from './xdp.ts'

const VLAN_HLEN = 4
/** Destination and source addresses. */
const ADDRESSES = 12
/** Ethernet header with a tag. */
const VLAN_ETH_HLEN = 18
/** EtherTypes as a little-endian machine reads them. */
const TAGS = { q: 0x0081, ad: 0xa888 } as const
/** Below this (in host order) a type is a length; eth_proto_is_802_3. */
const MIN_TYPE = 0x600
const RAW_802_3 = 0x0100
const RAW_802_2 = 0x0400

const isTag = (proto: number): boolean => proto === TAGS.q || proto === TAGS.ad

type Field = 'vlan_present' | 'vlan_tci' | 'vlan_proto' | 'protocol'

function offsetOf(name: Field): number {
  const field = CONTEXTS.__sk_buff.fields.find((each) => each.name === name)
  if (field === undefined) throw new AccessError(`__sk_buff has no field ${name}`)
  return field.offset
}

const get = (m: Machine, name: Field): number => m.run.ctx.view.getUint32(offsetOf(name), true)
const set = (m: Machine, name: Field, value: number): void => m.run.ctx.view.setUint32(offsetOf(name), value, true)

function setTag(m: Machine, proto: number, tci: number): void {
  set(m, 'vlan_present', 1)
  set(m, 'vlan_proto', proto)
  set(m, 'vlan_tci', tci)
}

function replacePacket(m: Machine, bytes: Uint8Array): void {
  const packet = packetOf(m)
  packet.replace(bytes)
  m.run.setLength?.(packet.length)
}

/** Puts a tag behind the addresses (__vlan_insert_tag). */
function insertTag(m: Machine, proto: number, tci: number): void {
  const old = packetOf(m).copy()
  const tag = [proto & 0xff, proto >> 8, tci >> 8, tci & 0xff]
  replacePacket(m, Uint8Array.of(...old.subarray(0, ADDRESSES), ...tag, ...old.subarray(ADDRESSES)))
}

/** Takes the tag out of the bytes; its TCI, or a negative errno (__skb_vlan_pop). */
function removeTag(m: Machine): number {
  const old = packetOf(m).copy()
  if (old.length < VLAN_ETH_HLEN) return -ERRNO.ENOMEM
  const tci = (old[ADDRESSES + 2]! << 8) | old[ADDRESSES + 3]!
  replacePacket(m, Uint8Array.of(...old.subarray(0, ADDRESSES), ...old.subarray(ADDRESSES + VLAN_HLEN)))
  set(m, 'protocol', encapsulated(old.subarray(ADDRESSES + VLAN_HLEN)))
  return tci
}

/** vlan_set_encap_proto, include/linux/if_vlan.h: `bytes` begin with the type behind the tag. */
function encapsulated(bytes: Uint8Array): number {
  const type = (bytes[0]! << 8) | bytes[1]!
  if (type >= MIN_TYPE) return bytes[0]! | (bytes[1]! << 8)
  return bytes[2] === 0xff && bytes[3] === 0xff ? RAW_802_3 : RAW_802_2
}

const push: VmHelper = (m) => {
  const wanted = m.u32(2) & 0xffff
  if (get(m, 'vlan_present') !== 0) {
    const proto = get(m, 'vlan_proto')
    insertTag(m, proto, get(m, 'vlan_tci'))
    set(m, 'protocol', proto)
  }
  setTag(m, isTag(wanted) ? wanted : TAGS.q, m.u32(3) & 0xffff)
  m.result(0)
}

const pop: VmHelper = (m) => {
  if (get(m, 'vlan_present') !== 0) {
    for (const field of ['vlan_present', 'vlan_proto', 'vlan_tci'] as const) set(m, field, 0)
  } else if (isTag(get(m, 'protocol'))) {
    const tci = removeTag(m)
    if (tci < 0) return m.result(tci)
  }
  // The next tag takes the place beside the packet.
  const proto = get(m, 'protocol')
  if (!isTag(proto)) return m.result(0)
  const tci = removeTag(m)
  if (tci >= 0) setTag(m, proto, tci)
  m.result(Math.min(tci, 0))
}

export const vlanHelpers = { skb_vlan_push: push, skb_vlan_pop: pop } satisfies Record<string, VmHelper>
