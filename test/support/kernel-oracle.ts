/**
 * Second opinions from outside: the kernel through bpftool, `bpftool btf dump`, llvm-objdump, and clang for objects that
 * we did not write. Every function cleans up what it made; programs are only loaded and test-run, never attached.
 *
 * `canUseKernel()` and `hasTool()` say what is missing, for the title of a skipped test.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BPFFS = '/sys/fs/bpf'
let pinCounter = 0

/** Whether programs can be loaded here; the answer is found once. */
export type Usable = { readonly ok: true } | { readonly ok: false; readonly reason: string }
let usable: Usable | undefined

export function canUseKernel(): Usable {
  usable ??= probeKernel()
  return usable
}

/** ` (skipped: why)` for a test's title, or nothing. */
export function skipNote(answer: Usable): string {
  return answer.ok ? '' : ` (skipped: ${answer.reason})`
}

export function hasTool(name: string): Usable {
  const found = spawnSync(name, ['--version']).error === undefined
  return found ? { ok: true } : { ok: false, reason: `${name} is not installed` }
}

function probeKernel(): Usable {
  const no = (reason: string): Usable => ({ ok: false, reason })
  if (process.platform !== 'linux') return no('not Linux')
  if (process.getuid?.() !== 0) return no('not root')
  if (spawnSync('bpftool', ['version']).error) return no('bpftool is not installed')
  if (spawnSync('bpftool', ['-j', 'prog', 'list']).status !== 0) return no('bpf(2) is refused')
  if (!isBpffs() && spawnSync('mount', ['-t', 'bpf', 'bpf', BPFFS]).status !== 0) return no(`no bpffs at ${BPFFS}`)
  return { ok: true }
}

function isBpffs(): boolean {
  return existsSync('/proc/mounts') && readFileSync('/proc/mounts', 'utf8').includes(` ${BPFFS} bpf `)
}

export interface LoadResult {
  readonly ok: boolean
  /** What bpftool said; with the verifier's log when the load failed. */
  readonly log: string
}

/** Loads every program of an object and unloads them again. */
export function bpftoolLoad(elf: Uint8Array): LoadResult {
  return withPinned(elf, (load) => load)
}

export interface PacketRun {
  /** r0. */
  readonly retval: number
  /** Packet afterwards. */
  readonly data: Uint8Array
}

export interface MapEntry {
  readonly key: Uint8Array
  /** One per CPU for per-CPU maps. */
  readonly values: readonly Uint8Array[]
}

export interface RunReport {
  readonly runs: readonly PacketRun[]
  /**
   * Entries of each map after the last packet. Ring buffers cannot be listed and are absent; so are all maps of an
   * object that pins some by itself.
   */
  readonly maps: ReadonlyMap<string, readonly MapEntry[]>
}

/** Runs one program by PROG_TEST_RUN on each packet in turn, the maps kept between them. */
export function bpftoolRun(elf: Uint8Array, program: string, packets: readonly Uint8Array[]): RunReport {
  return withPinned(elf, (load, dir, files) => {
    if (!load.ok) throw new Error(`bpftool cannot load the object:\n${load.log}`)
    const runs = packets.map((packet) => runPacket(join(dir, 'progs', program), packet, files))
    const maps = new Map<string, readonly MapEntry[]>()
    for (const name of listDirectory(join(dir, 'maps'))) {
      const entries = dumpMap(join(dir, 'maps', name))
      if (entries) maps.set(name, entries)
    }
    return { runs, maps }
  })
}

function runPacket(pinned: string, packet: Uint8Array, files: string): PacketRun {
  const input = join(files, 'in')
  const output = join(files, 'out')
  writeFileSync(input, packet)
  writeFileSync(output, '')
  // 320 bytes more than went in: room for bpf_xdp_adjust_head.
  const size = ['data_size_out', String(packet.length + 320)]
  const args = ['-j', 'prog', 'run', 'pinned', pinned, 'data_in', input, 'data_out', output, ...size]
  const done = spawnSync('bpftool', args, { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`bpftool ${args.join(' ')}: ${outputOf(done)}`)
  const report: { retval: number } = JSON.parse(done.stdout)
  return { retval: report.retval >>> 0, data: new Uint8Array(readFileSync(output)) }
}

interface DumpedEntry {
  readonly key: string[]
  readonly value?: string[]
  readonly values?: { cpu: number; value: string[] }[]
}

function dumpMap(pinned: string): MapEntry[] | undefined {
  const done = spawnSync('bpftool', ['-j', 'map', 'dump', 'pinned', pinned], { encoding: 'utf8' })
  if (done.status !== 0) return undefined
  const entries: DumpedEntry[] = JSON.parse(done.stdout)
  const bytes = (texts: string[]) => Uint8Array.from(texts, (text) => Number.parseInt(text, 16))
  return entries.map((entry) => ({
    key: bytes(entry.key),
    values: entry.values ? entry.values.map((v) => bytes(v.value)) : [bytes(entry.value ?? [])],
  }))
}

/**
 * Loads and pins under a directory of its own, calls `use`, and removes everything, also pins that a map asked for by
 * name (libbpf puts those right under /sys/fs/bpf).
 */
function withPinned<T>(elf: Uint8Array, use: (load: LoadResult, dir: string, files: string) => T): T {
  const able = canUseKernel()
  if (!able.ok) throw new Error(`the kernel cannot be used: ${able.reason}`)
  const files = mkdtempSync(join(tmpdir(), 'bpf-oracle-'))
  // bpffs refuses names with dots.
  const dir = join(BPFFS, `test_${process.pid}_${pinCounter++}`)
  const before = new Set(readdirSync(BPFFS))
  try {
    const object = join(files, 'object.o')
    writeFileSync(object, elf)
    mkdirSync(dir)
    return use(loadAll(object, dir), dir, files)
  } finally {
    removePins(dir)
    for (const name of pinsOf(elf)) if (!before.has(name)) removePins(join(BPFFS, name))
    rmSync(files, { recursive: true, force: true })
  }
}

/** Pins the programs in `dir/progs`, the maps in `dir/maps`. */
function loadAll(object: string, dir: string): LoadResult {
  const plain = ['prog', 'loadall', object, join(dir, 'progs')]
  const pinned = [...plain, 'pinmaps', join(dir, 'maps')]
  const first = spawnSync('bpftool', pinned, { encoding: 'utf8' })
  if (first.status === 0) return { ok: true, log: outputOf(first) }
  // A map that asks for a pin of its own cannot have a second one.
  const ownPins = first.stderr.includes('already has pin path')
  const second = ownPins ? spawnSync('bpftool', plain, { encoding: 'utf8' }) : first
  if (second.status === 0) return { ok: true, log: outputOf(second) }
  // The debug output is long, so it is asked for only when there is something to explain.
  return { ok: false, log: outputOf(spawnSync('bpftool', ['-d', ...plain], { encoding: 'utf8' })) }
}

/** Names in the object that became pins right under bpffs: other tests may pin at the same time, theirs stay. */
function pinsOf(elf: Uint8Array): string[] {
  const text = Buffer.from(elf).toString('latin1')
  return readdirSync(BPFFS).filter((name) => text.includes(`\0${name}\0`))
}

function listDirectory(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : []
}

function removePins(path: string): void {
  if (!existsSync(path)) return
  // A pin is a file; bpffs has no `rm -r` semantics for directories that are not empty.
  try {
    for (const name of readdirSync(path)) removePins(join(path, name))
    rmSync(path, { recursive: true, force: true })
  } catch {
    unlinkSync(path)
  }
}

/** `bpftool btf dump file`: throws when bpftool cannot read the BTF. */
export function btfDump(elf: Uint8Array, format: 'raw' | 'c' = 'raw'): string {
  return withFile(elf, (file) => runTool('bpftool', ['btf', 'dump', 'file', file, 'format', format]))
}

/** Disassembly by LLVM. v4 needs LLVM 18 or newer. */
export function objdump(elf: Uint8Array, cpu: 'v1' | 'v2' | 'v3' | 'v4' = 'v3'): string {
  const tool = cpu === 'v4' ? 'llvm-objdump-19' : 'llvm-objdump'
  return withFile(elf, (file) => runTool(tool, ['-d', '-r', `--mcpu=${cpu}`, file]))
}

/** Compiles C for BPF; `flags` come last. */
export function clangCompile(source: string, flags: readonly string[] = []): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), 'bpf-clang-'))
  try {
    writeFileSync(join(dir, 'a.c'), source)
    // The multiarch directory has asm/types.h, which a BPF target does not look for by itself.
    const include = `-I/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`
    const args = ['--target=bpfel', '-O2', '-g', '-mcpu=v3', include, '-c', join(dir, 'a.c'), '-o', join(dir, 'a.o')]
    runTool('clang', [...args, ...flags])
    return new Uint8Array(readFileSync(join(dir, 'a.o')))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function withFile<T>(bytes: Uint8Array, use: (path: string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), 'bpf-oracle-'))
  try {
    const path = join(dir, 'object.o')
    writeFileSync(path, bytes)
    return use(path)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function runTool(tool: string, args: readonly string[]): string {
  const done = spawnSync(tool, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (done.error) throw new Error(`${tool} cannot be run: ${done.error.message}`)
  if (done.status !== 0) throw new Error(`${tool} ${args.join(' ')}: ${outputOf(done)}`)
  return done.stdout
}

function outputOf(done: SpawnSyncReturns<string>): string {
  return `${done.stdout}${done.stderr}`.trim()
}
