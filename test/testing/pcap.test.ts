/** Capture files: own round trip, files that tcpdump writes, pcapng in both byte orders, malformed files. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { parsePacket, readPcap, tcp, udp, writePcap } from '../../packages/unplugin-bpf/src/testing/index.ts'

const PACKETS = [
  { bytes: tcp({ dport: 1 }), time: 1_700_000_000_123_456_789n },
  { bytes: udp({ payload: 'odd' }), time: 1_700_000_001_000_000_000n },
]

it('reads what it wrote, with nanoseconds', () => {
  expect(readPcap(writePcap(PACKETS))).toEqual(PACKETS)
  expect(readPcap(writePcap([]))).toEqual([])
})

const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0

it.skipIf(!hasTcpdump)(`reads what tcpdump wrote${hasTcpdump ? '' : ' (skipped: tcpdump is not installed)'}`, () => {
  const input = writePcap(PACKETS)
  const { stdout, status } = spawnSync('tcpdump', ['-r', '-', '-w', '-', '-U'], { input })
  expect(status).toBe(0)
  // Without --nano it keeps microseconds.
  const cut = PACKETS.map(({ bytes, time }) => ({ bytes, time: (time / 1000n) * 1000n }))
  expect(readPcap(new Uint8Array(stdout))).toEqual(cut)
})

/** Blocks of a pcapng file; `little` is the byte order. */
function pcapng(little: boolean) {
  const words: number[] = []
  const put = (size: 2 | 4, value: number) => {
    const bytes = Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 255)
    words.push(...(little ? bytes : bytes.reverse()))
  }
  const block = (type: number, body: () => void) => {
    const start = words.length
    put(4, type)
    put(4, 0)
    body()
    while (words.length % 4 !== 0) words.push(0)
    const length = words.length - start + 4
    put(4, length)
    const at = words.splice(words.length - 4, 4)
    words.splice(start + 4, 4, ...at)
    words.push(...at)
  }
  return { put, block, words, bytes: () => Uint8Array.from(words) }
}

function sample(little: boolean, link = 1): Uint8Array {
  const file = pcapng(little)
  file.block(0x0a0d0d0a, () => {
    file.put(4, 0x1a2b3c4d)
    file.put(2, 1)
    file.put(2, 0)
    file.put(4, 0xffff_ffff)
    file.put(4, 0xffff_ffff)
  })
  file.block(1, () => {
    file.put(2, link)
    file.put(2, 0)
    file.put(4, 0)
    // if_tsresol = 9: nanoseconds.
    file.put(2, 9)
    file.put(2, 1)
    file.words.push(9, 0, 0, 0)
    file.put(4, 0)
  })
  // A block type that nobody knows is skipped.
  file.block(0x0bad, () => file.put(4, 1))
  file.block(6, () => {
    const time = 1_700_000_000_123_456_789n
    file.put(4, 0)
    file.put(4, Number(time >> 32n))
    file.put(4, Number(time & 0xffff_ffffn))
    file.put(4, PACKETS[0]!.bytes.length)
    file.put(4, PACKETS[0]!.bytes.length)
    file.words.push(...PACKETS[0]!.bytes)
  })
  file.block(3, () => {
    file.put(4, PACKETS[1]!.bytes.length)
    file.words.push(...PACKETS[1]!.bytes)
  })
  return file.bytes()
}

describe.each([
  ['little', true],
  ['big', false],
] as const)('pcapng, %s-endian', (_, little) => {
  it('gives packets and times', () => {
    expect(readPcap(sample(little))).toEqual([PACKETS[0], { bytes: PACKETS[1]!.bytes }])
  })
})

it('raw IP gets an Ethernet header', () => {
  const file = pcapng(true)
  const whole = tcp({ dport: 7 })
  const raw = writePcap([{ bytes: whole.slice(14) }])
  new DataView(raw.buffer).setUint32(20, 101, true)
  expect(parsePacket(readPcap(raw)[0]!.bytes)).toMatchObject({ eth: { type: 0x0800 }, tcp: { dport: 7 }, problems: [] })
  expect(file.bytes()).toHaveLength(0)
})

describe('malformed files', () => {
  it.each([
    ['empty', new Uint8Array(0), '0 bytes are no capture file'],
    ['something else', new TextEncoder().encode('hello world'), 'no capture file: it begins with 0x6c6c6568'],
    ['cut in a packet', writePcap(PACKETS).slice(0, -1), 'the file ends at byte'],
    ['cut in a block', sample(true).slice(0, -2), 'the file ends at byte'],
    ['unknown link type', sample(true, 147), 'link type 147 is not known'],
  ])('%s', (_, bytes, message) => {
    expect(() => readPcap(bytes)).toThrow(message)
  })

  it('every cut and every changed byte ends', () => {
    for (const file of [writePcap(PACKETS), sample(true), sample(false)]) {
      for (let i = 0; i < file.length; i++) {
        const changed = file.slice()
        changed[i] = changed[i]! ^ 0xff
        for (const bytes of [changed, file.subarray(0, i)]) {
          try {
            readPcap(bytes)
          } catch (error) {
            expect((error as Error).name).toBe('PcapError')
          }
        }
      }
    }
  })
})
