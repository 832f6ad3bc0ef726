import { describe, expect, test } from 'vitest'
import { codecFor } from '../../../packages/core/src/runtime/codec.ts'
import { layoutStruct, layoutUnion } from '../../../packages/core/src/types/layout.ts'
import type { Type } from '../../../packages/core/src/types/types.ts'
import { i8, i32, i64, u8, u16, u32, u64 } from '../../../packages/core/src/types/types.ts'

const array = (element: Type, length: number, display?: 'str' | 'mac' | 'ipv6'): Type =>
  display ? { kind: 'array', element, length, display } : { kind: 'array', element, length }
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const pair = layoutStruct('xy', [
  { name: 'x_pos', type: u8 },
  { name: 'y', type: u16 },
])
const connEvent = layoutStruct('conn_event', [
  { name: 'pid', type: u32 },
  { name: 'ts_ns', type: u64 },
  { name: 'dst_port', type: { ...u16, order: 'net' } },
  { name: 'addr', type: { ...u32, order: 'net', display: 'ipv4' } },
  { name: 'comm', type: array(u8, 8, 'str') },
  { name: 'mac', type: array(u8, 6, 'mac') },
  { name: 'ok', type: { ...u8, display: 'bool' } },
  { name: 'raw', type: array(u8, 3) },
  { name: 'pairs', type: array(pair, 2) },
  { name: 'ip6', type: array(u8, 16, 'ipv6') },
  { name: 'err', type: i32 },
])
const value = {
  pid: 7,
  tsNs: 0x0102030405060708n,
  dstPort: 443,
  addr: '10.0.0.1',
  comm: 'curl',
  mac: '02:00:00:00:00:ff',
  ok: true,
  raw: Uint8Array.of(1, 2, 3),
  pairs: [
    { xPos: 1, y: 2 },
    { xPos: 3, y: 65535 },
  ],
  ip6: 'fd00::1',
  err: -2,
}

describe('codecFor', () => {
  test('scalars: number up to 32 bits, bigint for 64, little-endian unless net order', () => {
    expect(hex(codecFor(u32).encode(0x01020304))).toBe('04030201')
    expect(hex(codecFor({ ...u32, order: 'net' }).encode(0x01020304))).toBe('01020304')
    expect(codecFor(u64).decode(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255))).toBe(2n ** 64n - 1n)
    expect(codecFor(i64).decode(codecFor(i64).encode(-5n))).toBe(-5n)
    expect(codecFor(i8).decode(Uint8Array.of(0x80))).toBe(-128)
  })

  test('a struct goes there and back, with zero padding, at an offset', () => {
    const codec = codecFor<typeof value>(connEvent)
    const out = new Uint8Array(codec.size + 8).fill(0xee)
    codec.encode(value, out, 4)
    expect(codec.decode(out, 4)).toEqual(value)
    expect(hex(out.subarray(0, 4))).toBe('eeeeeeee')
    expect(hex(out.subarray(4, 24))).toBe('0700000000000000080706050403020101bb0000')
    expect(hex(out.subarray(4 + codec.size))).toBe('eeeeeeee')
  })

  test('decoded byte arrays are copies', () => {
    const codec = codecFor<Uint8Array>(array(u8, 2))
    const bytes = Uint8Array.of(1, 2)
    const decoded = codec.decode(bytes)
    bytes[0] = 9
    expect(decoded[0]).toBe(1)
  })

  test.each<[string, object, new (m: string) => Error, string]>([
    ['range', { dstPort: 70000 }, RangeError, 'connEvent.dstPort: 70000 does not fit u16'],
    ['signed range', { err: 2 ** 31 }, RangeError, 'connEvent.err: 2147483648 does not fit i32'],
    ['fraction', { pid: 1.5 }, TypeError, 'connEvent.pid: expected an integer that fits u32, got 1.5'],
    ['number for u64', { tsNs: 5 }, TypeError, 'connEvent.tsNs: expected a bigint for u64, got 5 (write 5n)'],
    ['bigint range', { tsNs: -1n }, RangeError, 'connEvent.tsNs: -1 does not fit u64'],
    ['long string', { comm: 'a very long name' }, RangeError, 'connEvent.comm: "a very long name" has 16 bytes'],
    ['address', { addr: '10.0.0.256' }, TypeError, 'connEvent.addr: expected an IPv4 address'],
    ['mac', { mac: 'nope' }, TypeError, 'connEvent.mac: expected a MAC address'],
    ['ipv6', { ip6: '1::2::3' }, TypeError, 'connEvent.ip6: expected an IPv6 address'],
    ['byte count', { raw: Uint8Array.of(1) }, RangeError, 'connEvent.raw: expected 3 bytes, got 1'],
    ['byte value', { raw: [1, 2, 300] }, RangeError, 'connEvent.raw[2]: 300 does not fit u8'],
    [
      'element',
      {
        pairs: [
          { xPos: 1, y: 2 },
          { xPos: 1, y: -1 },
        ],
      },
      RangeError,
      'connEvent.pairs[1].y: -1 does not',
    ],
    ['element count', { pairs: [] }, RangeError, 'connEvent.pairs: expected 2 elements, got 0'],
    ['bool', { ok: 1 }, TypeError, 'connEvent.ok: expected true or false, got 1'],
    ['unknown', { pdi: 1 }, TypeError, 'connEvent: unknown field pdi; the fields are pid'],
  ])('refuses: %s', (_, change, kind, message) => {
    const codec = codecFor(connEvent)
    const encode = () => codec.encode({ ...value, ...change })
    expect(encode).toThrow(kind)
    expect(encode).toThrow(message)
  })

  test('refuses missing fields, non-objects and short input', () => {
    const codec = codecFor(pair)
    expect(() => codec.encode({ xPos: 1 })).toThrow('xy: missing y')
    expect(() => codec.encode(5)).toThrow('xy: expected an object with xPos, y, got 5')
    expect(() => codec.decode(new Uint8Array(3))).toThrow('xy: needs 4 bytes at offset 0, got 3')
  })

  test('unions: raw bytes, one member, or members that agree', () => {
    const codec = codecFor<unknown>(
      layoutUnion('u_addr', [
        { name: 'v4', type: u32 },
        { name: 'bytes', type: array(u8, 8) },
      ]),
    )
    expect(hex(codec.encode({ v4: 0x01020304 }))).toBe('0403020100000000')
    expect(hex(codec.encode(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)))).toBe('0102030405060708')
    const both = codec.decode(Uint8Array.of(1, 0, 0, 0, 5, 6, 7, 8))
    expect(hex(codec.encode(both))).toBe('0100000005060708')
    expect(() => codec.encode({ v4: 1, bytes: new Uint8Array(8) })).toThrow('say different bytes')
    expect(() => codec.encode({})).toThrow('uAddr: expected one of v4, bytes, or 8 bytes')
  })

  test('IPv6 text is the shortest form, and every form is read', () => {
    const codec = codecFor<string>(array(u8, 16, 'ipv6'))
    for (const [text, short] of [
      ['0:0:0:0:0:0:0:0', '::'],
      ['::ffff:10.0.0.1', '::ffff:a00:1'],
      ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
      ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
      ['fe80::', 'fe80::'],
    ] as const) {
      expect(codec.decode(codec.encode(text))).toBe(short)
    }
  })
})
