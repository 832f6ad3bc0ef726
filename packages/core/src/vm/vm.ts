/**
 * A BPF object in the VM: `createVm` makes its maps and programs, `run` executes a program on a packet or context as
 * PROG_TEST_RUN would. Same interface as a kernel object, so that everything above cannot tell them apart.
 */
import { plainBytes } from '../bytes/plain.ts'
import { linkProgram } from '../object/link.ts'
import type { BpfObject, ProgramSpec } from '../object/object.ts'
import type { MapBackend, ObjectBackend, ProgramBackend, RingBackend, RunInput, RunResult } from '../runtime/backend.ts'
import { fillSlots } from '../runtime/fill-slots.ts'
import { PROGRAM_TYPES, type ProgramTypeName, type ProgramTypeRow } from '../tables/program-types.ts'
import { type Code, ConstantPool, decodeProgram } from './code.ts'
import { createCurrentTask } from './current-task.ts'
import { createExecutor, createMemory, engineOf } from './engine.ts'
import { ERRNO, VmError } from './errno.ts'
import { hookedHelpers } from './helpers/hook.ts'
import { HELPERS_BY_ID } from './helpers/index.ts'
import { nextTimer, runTimers, type Timer, timerValue } from './helpers/timer.ts'
import { withVmKconfig } from './kconfig.ts'
import { addressOf, KernelMemory, type KernelObject } from './kernel-objects.ts'
import { Machine, type RunState } from './machine.ts'
import { createMapBackend } from './map-backend.ts'
import { createMap } from './maps/create.ts'
import type { VmMap } from './maps/map.ts'
import type { ReadableMap } from './maps/ringbuf.ts'
import { type SurroundingChanges, type Surroundings, settingsOf, type VmOptions } from './options.ts'
import { faultAt, execute as interpret } from './step.ts'
import { createScene, createStage, type Stage } from './test-run.ts'

export interface Vm extends ObjectBackend {
  readonly kind: 'vm'
  /** What runs see now. */
  readonly surroundings: Readonly<Surroundings>
  /** Changes some of it from the next run on. */
  setSurroundings(changes: SurroundingChanges): void
  /**
   * Lays out a kernel object that programs can read, and gives its address, for contexts that hold pointers. Throws
   * VmError for what the struct in the object's BTF does not have.
   */
  placeObject(object: KernelObject): bigint
  /** When the first timer of the program expires, on the clock of the option `now`; undefined when none waits. */
  nextTimer(): bigint | undefined
  /** Runs the timers that have expired; returns how many. */
  runTimers(): number
}

export function createVm(given: BpfObject, options: VmOptions = {}): Vm {
  const object = withVmKconfig(given)
  const settings = settingsOf(options)
  checkCpu(settings.cpu, settings.cpus)
  const memory = createMemory(engineOf(options))
  const vmMaps = new Map(object.maps.map((spec) => [spec.name, createMap({ spec, memory, cpus: settings.cpus })]))
  const constants = new ConstantPool()
  const codes = object.programs.map((program) => {
    const linked = linkProgram(object, program)
    return decodeProgram(linked, constants, resolver(linked, vmMaps))
  })
  const helpers = hookedHelpers(HELPERS_BY_ID, options.onHelper)
  const machine = new Machine({ settings, helpers, memory, constants, seed: options.seed ?? 1 })
  const kernel = new KernelMemory(memory, object.btf)
  const currentTask = createCurrentTask(memory, kernel, options.taskStruct)
  currentTask.update(settings.task)
  machine.currentTask = currentTask.region
  const inlineHelpers = options.onHelper === undefined
  const execute = createExecutor(options, { machine, constants, maps: [...vmMaps.values()], inlineHelpers })
  for (const map of vmMaps.values()) machine.mapsByPointer.set(map.pointer.hi, map)

  let closed = false
  const checkOpen = () => {
    if (closed) throw new VmError('the object is closed')
  }
  const mapOfBackend = new Map<MapBackend, VmMap>()
  const backendOfMap = new Map<VmMap, MapBackend>()
  const codeOfProgram = new Map<ProgramBackend, Code>()
  const maps = new Map<string, MapBackend>()
  for (const [name, map] of vmMaps) {
    const codeOf = (program: ProgramBackend) => codeOfProgram.get(program)
    const mapOf = (other: MapBackend) => mapOfBackend.get(other)
    const backend = createMapBackend({
      map,
      cpus: settings.cpus,
      consumer: consumerOf(map),
      checkOpen,
      codeOf,
      mapOf,
      backendOf: (other) => backendOfMap.get(other),
    })
    maps.set(name, backend)
    mapOfBackend.set(backend, map)
    backendOfMap.set(map, backend)
  }
  const programs = new Map<string, ProgramBackend>()
  for (const code of codes) {
    const backend = createProgram({ code, machine, execute, checkOpen, rings: [...vmMaps.values()].filter(isReadable) })
    programs.set(code.program.name, backend)
    codeOfProgram.set(backend, code)
  }
  fillSlots(maps.values(), { maps, programs })
  return {
    kind: 'vm',
    object,
    maps,
    programs,
    surroundings: settings,
    setSurroundings({ cpu, task, socketCookie }) {
      if (cpu !== undefined) checkCpu(cpu, settings.cpus)
      settings.cpu = cpu ?? settings.cpu
      settings.task = { ...settings.task, ...task }
      if (task !== undefined) currentTask.update(settings.task)
      settings.socketCookie = socketCookie ?? settings.socketCookie
    },
    placeObject(given) {
      checkOpen()
      if (machine.running) throw new VmError('placeObject() was called from inside a run of this VM')
      return addressOf(kernel.place(given))
    },
    nextTimer: () => nextTimer(machine)?.expiry,
    runTimers() {
      checkOpen()
      return runTimers(machine, (timer, key) => callTimer(machine, timer, key))
    },
    close() {
      closed = true
    },
  }
}

function checkCpu(cpu: number, cpus: number): void {
  if (!Number.isInteger(cpu) || cpu < 0 || cpu >= cpus) throw new VmError(`cpu ${cpu}, but there are only ${cpus}`)
}

function isReadable(map: VmMap): map is ReadableMap {
  return map.ring !== undefined || map.perf !== undefined
}

function consumerOf(map: VmMap): RingBackend | undefined {
  return isReadable(map) ? map.consumer : undefined
}

/** Addresses that relocated ld_imm64 instructions load. */
function resolver(program: ProgramSpec, maps: ReadonlyMap<string, VmMap>) {
  const ksyms = new Map((program.ksyms ?? []).map((each) => [each.slot, each]))
  const bySlot = new Map(program.relocations.map((relocation) => [relocation.slot, relocation]))
  return (slot: number) => {
    const relocation = bySlot.get(slot)
    const ksym = relocation === undefined ? ksyms.get(slot) : undefined
    if (ksym && !ksym.weak) throw new VmError(`program ${program.name}: the VM has no kernel symbol ${ksym.symbol}`)
    if (relocation === undefined) return ksym && { lo: 0, hi: 0 }
    const map = maps.get(relocation.map)
    const where = `program ${program.name}, slot ${slot}`
    if (map === undefined) throw new VmError(`${where}: there is no map ${relocation.map}`)
    if (relocation.kind === 'map') return { lo: map.pointer.base, hi: map.pointer.hi }
    if (map.values === undefined) throw new VmError(`${where}: map ${relocation.map} has no values to point to`)
    return { lo: map.values.base + relocation.offset, hi: map.values.hi }
  }
}

/** A timer's function runs in the interpreter, like a program with arguments of its own. */
function callTimer(machine: Machine, timer: Timer, key: Uint8Array): void {
  const { code, address } = timer.callback!
  const mark = machine.memory.mark()
  machine.running = true
  try {
    machine.start(code, {
      ctx: timer.map.pointer,
      packet: undefined,
      records: new Map(),
      tailCalls: 0,
      setLength: undefined,
    })
    const region = machine.memory.add({ kind: 'data', name: 'the key', bytes: key, access: 'read' })
    machine.setPointer(1, timer.map.pointer, 0)
    machine.setPointer(2, region, 0)
    machine.setPointer(3, timer.map.values!, timerValue(timer, key))
    machine.pc = address.lo
    interpret(machine)
  } finally {
    machine.running = false
    machine.memory.release(mark)
  }
}

interface ProgramInit {
  readonly code: Code
  readonly machine: Machine
  readonly execute: (machine: Machine) => void
  readonly rings: readonly ReadableMap[]
  readonly checkOpen: () => void
}

function createProgram({ code, machine, execute, rings, checkOpen }: ProgramInit): ProgramBackend {
  const spec = code.program
  // The type is text from an ELF file.
  const row: ProgramTypeRow | undefined = Object.hasOwn(PROGRAM_TYPES, spec.type)
    ? PROGRAM_TYPES[spec.type as ProgramTypeName]
    : undefined
  let stage: Stage | undefined
  const records: RunState['records'] = new Map()
  return {
    spec,
    run(input: RunInput): RunResult {
      checkOpen()
      if (row === undefined) throw new VmError(`program ${spec.name}: program type ${spec.type} is not known`)
      if (machine.running) throw new VmError(`program ${spec.name}: run() was called from inside a run of this VM`)
      stage ??= createStage(machine.memory, spec, row)
      const mark = machine.memory.mark()
      machine.running = true
      try {
        return runProgram({ code, machine, execute, stage, records, input })
      } finally {
        machine.running = false
        machine.memory.release(mark)
        for (const ring of rings) ring.notify()
      }
    },
    attach() {
      const hint = 'call run() with a packet or context, or load into the kernel'
      throw new VmError(`program ${spec.name}: the VM cannot attach programs; ${hint}`, ERRNO.EOPNOTSUPP)
    },
  }
}

interface RunInit extends Pick<ProgramInit, 'code' | 'machine' | 'execute'> {
  readonly stage: Stage
  /** Empty between runs. */
  readonly records: RunState['records']
  readonly input: RunInput
}

function runProgram({ code, machine, execute, stage, records, input }: RunInit): RunResult {
  const { data, ctx } = input
  const scene = createScene(stage, {
    data: data && plainBytes(data),
    ctx: ctx && plainBytes(ctx),
  })
  const { context, packet } = scene
  const setLength = stage.row.context === '__sk_buff' ? (length: number) => context.set('len', length) : undefined
  const repeat = Math.max(1, input.repeat ?? 1)
  // The clock has milliseconds: it tells nothing of a single run, and reading it would take longer than a short program.
  const begin = repeat > 1 ? Date.now() : 0
  for (let i = 0; i < repeat; i++) {
    const run: RunState = { ctx: context.region, packet, records, tailCalls: 0, redirect: undefined, setLength }
    machine.start(code, run)
    try {
      execute(machine)
      checkReleased(machine, run)
    } finally {
      // A record that a faulting program left would block the ring buffer for ever.
      if (records.size > 0) discardAll(records)
    }
  }
  const durationNs = repeat > 1 ? ((Date.now() - begin) * 1e6) / repeat : 0
  const { redirect } = machine.run
  const after = scene.outcome(scene)
  const outcome = { retval: machine.lo[0]! >>> 0, durationNs, data: after.data, ctx: after.ctx }
  return redirect === undefined ? outcome : { ...outcome, redirect }
}

function discardAll(records: RunState['records']): void {
  for (const record of records.values()) record.commit('discarded')
  records.clear()
}

function checkReleased(machine: Machine, run: RunState): void {
  if (run.records.size === 0) return
  const [region] = run.records.keys()
  if (region !== undefined) throw faultAt(machine, `ended without submitting or discarding ${region.name}`)
}
