/** Notes of static probes, near names and patterns: what attaching reads besides the kernel. */
import { describe, expect, it } from 'vitest'
import { globPattern } from '../../../packages/loader/src/kernel-functions.ts'
import { nearNames } from '../../../packages/loader/src/near-names.ts'
import { usdtProbes } from '../../../packages/loader/src/usdt-notes.ts'

const encoder = new TextEncoder()
const NAMES = '\0.note.stapsdt\0.stapsdt.base\0.shstrtab\0'

/** ELF file: header, one loaded segment over all of it at 0x400000, sections for notes, base and names. */
function elf(description: Uint8Array, base: number): Uint8Array {
  const note = new Uint8Array(20 + description.length)
  note.set(new Uint8Array(Uint32Array.of(8, description.length, 3).buffer))
  note.set(encoder.encode('stapsdt'), 12)
  note.set(description, 20)
  const [programs, sections] = [64, 128]
  const notes = sections + 4 * 64
  const names = notes + note.length
  const file = new Uint8Array(names + NAMES.length)
  const view = new DataView(file.buffer)
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1])
  u64(32, programs)
  u64(40, sections)
  for (const [at, value] of [
    [54, 56],
    [56, 1],
    [58, 64],
    [60, 4],
    [62, 3],
  ] as const)
    view.setUint16(at, value, true)
  view.setUint32(programs, 1, true)
  u64(programs + 16, 0x400000)
  u64(programs + 32, 0x1000)
  const section = (index: number, fields: { name: number; address?: number; offset?: number; size?: number }) => {
    const at = sections + index * 64
    view.setUint32(at, fields.name, true)
    u64(at + 16, fields.address ?? 0)
    u64(at + 24, fields.offset ?? 0)
    u64(at + 32, fields.size ?? 0)
  }
  section(1, { name: NAMES.indexOf('.note'), offset: notes, size: note.length })
  section(2, { name: NAMES.indexOf('.stapsdt.base'), address: base })
  section(3, { name: NAMES.indexOf('.shstrtab'), offset: names, size: NAMES.length })
  file.set(note, notes)
  file.set(encoder.encode(NAMES), names)
  return file
}

const description = (addresses: readonly number[], texts: string): Uint8Array =>
  new Uint8Array([...new Uint8Array(BigUint64Array.from(addresses, BigInt).buffer), ...encoder.encode(texts)])

describe('static probes', () => {
  it('are read with their place, semaphore and arguments', () => {
    const note = description([0x400123, 0x400800, 0x400900], 'app\0start\0-4@%edi 8@%rax\0')
    expect(usdtProbes(elf(note, 0x400800))).toEqual([
      { provider: 'app', name: 'start', offset: 0x123, semaphore: 0x900, arguments: '-4@%edi 8@%rax' },
    ])
  })

  it('move with their base', () => {
    const note = description([0x123, 0x800, 0], 'app\0start\0\0')
    expect(usdtProbes(elf(note, 0x400800))).toMatchObject([{ offset: 0x123, semaphore: undefined, arguments: '' }])
  })

  it('outside of every segment, or cut short, are left out', () => {
    expect(usdtProbes(elf(description([0x900000, 0, 0], 'a\0b\0\0'), 0))).toEqual([])
    expect(usdtProbes(elf(new Uint8Array(8), 0))).toEqual([])
  })
})

describe('names', () => {
  const NAMES = ['vfs_open', 'vfs_open.isra.0', 'vfs_openat', 'do_vfs_open_path', 'vfs_read']
  it('near ones begin with copies that the compiler made', () => {
    expect(nearNames('vfs_open', NAMES.slice(1))).toEqual(['vfs_open.isra.0', 'vfs_openat', 'do_vfs_open_path'])
    expect(nearNames('vfs_opne', NAMES)).toEqual(['vfs_open'])
    expect(nearNames('completely_different', NAMES)).toEqual([])
  })
  it('patterns are as in a shell', () => {
    expect(NAMES.filter((name) => globPattern('vfs_open*').test(name))).toHaveLength(3)
    expect(globPattern('vfs.open').test('vfs_open')).toBe(false)
    expect(globPattern('vfs_rea?').test('vfs_read')).toBe(true)
  })
})
