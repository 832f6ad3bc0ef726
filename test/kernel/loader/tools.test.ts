/** Tools of clang leave the same in their maps when we load them as when libbpf does. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromElf } from '@unplugin-bpf/core/object'
import { createVm } from '@unplugin-bpf/core/vm'
import { type KernelObject, kernelUsable, loadFile, loadKernelObject } from '@unplugin-bpf/loader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig, versionCode } from '../../../packages/loader/src/externs.ts'
import { open } from '../../../packages/unplugin-bpf/src/runtime.ts'
import { missingClang } from '../../support/clang-object.ts'

const ROUNDS = 9
const usable = kernelUsable()
const missing = usable.ok
  ? (missingClang() ?? (existsSync('/usr/include/bpf/libbpf.h') ? missingCc() : 'needs libbpf-dev'))
  : usable.reason

function missingCc(): string | undefined {
  return spawnSync('cc', ['--version']).status === 0 ? undefined : 'needs cc'
}

const folder = join(import.meta.dirname, 'tools')
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe.skipIf(missing !== undefined)(`tools of clang${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let built: string
  beforeAll(() => {
    built = mkdtempSync(join(tmpdir(), 'ubpf-tools-'))
    execFileSync('cc', ['-O1', join(folder, 'run.c'), '-o', join(built, 'run'), '-lbpf'])
  })
  afterAll(() => built && rmSync(built, { recursive: true }))

  function compile(name: string): string {
    const output = join(built, `${name}.bpf.o`)
    const includes = ['x86_64', 'aarch64'].map((arch) => `-I/usr/include/${arch}-linux-gnu`)
    const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', ...includes]
    execFileSync('clang', [...flags, '-c', join(folder, `${name}.bpf.c`), '-o', output])
    return output
  }

  function contentsOf(loaded: Pick<KernelObject, 'maps' | 'programs'> | ReturnType<typeof createVm>): string[] {
    for (let i = 1; i <= ROUNDS; i++) {
      const data = new Uint8Array(64)
      data[0] = i
      loaded.programs.get('run')!.run({ data })
    }
    const lines: string[] = []
    for (const map of loaded.maps.values()) {
      if (map.spec.type !== 'array' && map.spec.type !== 'hash') continue
      for (let key = map.nextKey(undefined); key; key = map.nextKey(key))
        lines.push(`${map.spec.name} ${hex(key)} ${hex(map.lookup(key)!)}`)
    }
    return lines.map(withoutPrefix).sort()
  }

  /** libbpf puts the object's name before `.data` and so on. */
  const withoutPrefix = (line: string) => line.replace(/^[\w-]*(\.(?:data|bss|rodata|kconfig)[\w.]*)/, '$1')
  const withLibbpf = (path: string) =>
    execFileSync(join(built, 'run'), [path, String(ROUNDS)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(withoutPrefix)
      .sort()

  it.each(['globals', 'core', 'nested'])('%s: the same map contents as through libbpf', (name) => {
    const path = compile(name)
    using loaded = loadFile(path)
    expect(loaded.btfRefusal).toBeUndefined()
    const ours = contentsOf(loaded)
    expect(ours.length).toBeGreaterThan(5)
    expect(ours).toEqual(withLibbpf(path))
  })

  it('open() gives handles with the types of the BTF', () => {
    using object = open(compile('globals'), { backend: 'kernel', constants: { step: 5 } })
    for (let i = 1; i <= 3; i++) object.programs.run!.run(new Uint8Array(64).fill(i, 0, 1))
    const { globals, maps } = object
    expect([globals.runs, globals.step, globals.bonus]).toEqual([3n, 5, 22n])
    expect(globals.seen).toEqual([1, 3, 5, 7])
    expect([...maps.sizes.keys()].sort()).toEqual([1, 2, 3])
    expect(typeof maps.sizes.get(2)).toBe('bigint')
    globals.bonus = 0n
    expect(object.raw.maps.get('.data.bonus')!.memory!()[0]).toBe(0)
    expect(Object.keys(maps)).toEqual(['sizes'])
    expect(() => open(new Uint8Array(7))).toThrow('object: not an ELF file')
  })

  it('open() gives maps in maps', () => {
    using object = open(compile('nested'), { backend: 'kernel' })
    object.programs.run!.run(new Uint8Array(64).fill(3, 0, 1))
    const { outer, odd } = object.maps
    expect([outer.get(1).get(3), odd.get(3), outer.get(0).get(3)]).toEqual([3n, 3n, 0n])
    expect(outer.get(1)).toBe(outer.get(1))
    const fresh = outer.create()
    fresh.set(3, 40n)
    outer.set(1, fresh)
    object.programs.run!.run(new Uint8Array(64).fill(3, 0, 1))
    expect([outer.get(1), fresh.get(3), odd.get(3)]).toEqual([fresh, 43n, 3n])
    expect(outer.delete(0)).toBe(true)
    expect([outer.has(0), outer.get(0)]).toEqual([false, undefined])
  })

  it('options that are given count before those of the kernel; what is missing is an error', () => {
    const object = fromElf(new Uint8Array(readFileSync(compile('globals'))))
    const hz = object.variables!.find(({ name }) => name === 'hz')!
    const load = (kconfig: Record<string, string>) => {
      using loaded = loadKernelObject(object, { kconfig })
      loaded.programs.get('run')!.run({ data: new Uint8Array(64) })
      const memory = loaded.maps.get(hz.map)!.memory()
      return new DataView(memory.buffer, hz.offset).getUint32(0, true)
    }
    expect(load({ CONFIG_HZ: '123' })).toBe(123)
    expect(load({ CONFIG_HZ: '0x10' })).toBe(16)
    expect(() => load({ CONFIG_HZ: 'fast' })).toThrow('CONFIG_HZ (__kconfig) is a number')
    expect(() => load({ CONFIG_BPF: 'm' })).toThrow('CONFIG_BPF (__kconfig) is a bool')
    const renamed = { ...object, kconfig: object.kconfig!.map((e) => ({ ...e, name: e.name.replace('_HZ', '_HZX') })) }
    expect(() => loadKernelObject(renamed)).toThrow(/CONFIG_HZX \(__kconfig\) is not in this kernel's configuration/)
  })

  it('the VM runs maps in maps of clang, and has no symbols of a kernel', () => {
    const object = fromElf(new Uint8Array(readFileSync(compile('nested'))))
    using vm = { object: createVm(object), [Symbol.dispose]() { this.object.close() } } // biome-ignore format: short
    expect(contentsOf(vm.object).some((line) => /^odd 01000000 0[^ ]*[1-9a-f]/.test(line))).toBe(true)
    const globals = fromElf(new Uint8Array(readFileSync(compile('globals'))))
    expect(() => createVm(globals)).toThrow('the VM has no kernel symbol vfs_read')
  })
})

describe('names of the kernel', () => {
  it('versions as numbers', () => {
    expect(versionCode('6.18.44-fc')).toBe((6 << 16) | (18 << 8) | 44)
    expect(versionCode('5.4.300')).toBe((5 << 16) | (4 << 8) | 255)
    expect(versionCode('7')).toBe(7 << 16)
  })
  it('configurations', () => {
    expect(parseConfig('# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C="x=y"\n')).toEqual(
      new Map([['CONFIG_B', 'y'], ['CONFIG_C', '"x=y"']]), // biome-ignore format: short
    )
  })
})
