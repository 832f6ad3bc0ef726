/** The committed native files are what the source builds, and depend on nothing. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildAddon, missingTools, prebuiltPath, TARGETS } from '../../../scripts/build-addon.mjs'

const missing = missingTools()
const architectures = Object.keys(TARGETS) as (keyof typeof TARGETS)[]

/** Entries of the dynamic section (ELF64): tag u64, value u64. */
function dynamicTags(file: Buffer): number[] {
  const headers = Number(file.readBigUInt64LE(32))
  for (let i = 0; i < file.readUInt16LE(56); i++) {
    const at = headers + i * file.readUInt16LE(54)
    if (file.readUInt32LE(at) !== 2) continue
    const [start, size] = [Number(file.readBigUInt64LE(at + 8)), Number(file.readBigUInt64LE(at + 32))]
    return Array.from({ length: size / 16 }, (_, n) => Number(file.readBigUInt64LE(start + n * 16)))
  }
  throw new Error('no dynamic segment')
}

describe('native addon', () => {
  it.each(architectures)('linux-%s needs no library', (arch) => {
    const DT_NEEDED = 1
    expect(dynamicTags(readFileSync(prebuiltPath(arch)))).not.toContain(DT_NEEDED)
  })

  describe.skipIf(missing !== undefined)(missing === undefined ? 'rebuilt' : `rebuilt (skipped: ${missing})`, () => {
    it.each(architectures)('linux-%s is byte for byte what the source builds', (arch) => {
      expect(buildAddon(arch).equals(readFileSync(prebuiltPath(arch)))).toBe(true)
    })
  })

  const skip = process.platform !== 'linux' ? ' (skipped: not Linux)' : ''
  describe.skipIf(skip !== '')(`in this process${skip}`, () => {
    const run = (code: string) =>
      execFileSync(
        process.execPath,
        ['--expose-gc', '-e', `const a = require(process.argv[1]); ${code}`, prebuiltPath(process.arch as 'x64')],
        {
          encoding: 'utf8',
        },
      ).trim()

    it('makes system calls and returns -errno', () => {
      const getpid = process.arch === 'x64' ? 39 : 172
      expect(run(`console.log(a.syscall(${getpid}) === process.pid, a.syscall(100000), a.bpf(99999, 8) < 0)`)).toBe(
        'true -38 true',
      )
    })

    it('refuses arguments that are neither number nor buffer', () => {
      expect(run(`try { a.syscall(1, 'x') } catch (e) { console.log(e.constructor.name) }`)).toBe('TypeError')
      expect(run(`try { a.bpf(1, 100000) } catch (e) { console.log(e.constructor.name) }`)).toBe('TypeError')
      expect(run(`try { a.munmap({}) } catch (e) { console.log(e.constructor.name) }`)).toBe('TypeError')
    })

    it('unmaps once, and detaches what looked at the mapping', () => {
      const code = `const b = a.mmap(4096, 3, 0x22, -1, 0); const v = new Uint8Array(b); v[0] = 9
        console.log(v[0], a.munmap(b), v[0], v.length, a.munmap(b)); gc(); gc()`
      expect(run(code)).toBe('9 0 undefined 0 0')
    })

    it('reports a descriptor that cannot be polled', () => {
      expect(run('console.log(a.pollStart(9999, () => {}))')).toBe('-9')
    })

    it('survives workers that end while they wait', () => {
      const worker = `const w = require('worker_threads')
        const a = require(w.workerData)
        a.pollStart(require('fs').openSync('/proc/self/mounts'), () => {})
        w.parentPort.postMessage('up')
        setInterval(() => {}, 1000)`
      const code = `const { Worker } = require('worker_threads')
        let left = 4
        for (let i = 0; i < 4; i++) {
          const w = new Worker(${JSON.stringify(worker)}, { eval: true, workerData: process.argv[1] })
          w.once('message', () => w.terminate().then(() => --left || console.log('all ended')))
        }`
      expect(run(code)).toBe('all ended')
    })

    it('throws what a callback throws', () => {
      const code = `process.on('uncaughtException', (e) => { console.log(e.message); process.exit(0) })
        a.pollStart(require('fs').openSync('/proc/self/mounts'), () => { throw new Error('from callback') })`
      expect(run(code)).toBe('from callback')
    })
  })
})
