/** Programs of a simulation: one run and everything that it did, in one plain object. */
import { parsePacket } from '@unplugin-bpf/core/packets'
import type { LoadedObject, ProgramBackend, RingBuffer } from '@unplugin-bpf/core/runtime'
import type { Vm } from '@unplugin-bpf/core/vm'
import { contextBytes } from './context.ts'
import type { World } from './simulate.ts'
import type {
  ContextFields,
  LooseShape,
  SimulatedEvent,
  SimulatedRun,
  SimulatedRunOptions,
  Simulation,
} from './types.ts'
import { programTypeRow, verdictOf } from './verdict.ts'

export function createPrograms(obj: LoadedObject<LooseShape>, world: World): Simulation['programs'] {
  const programs = Object.entries(obj.programs).map(([key, handle]) => {
    const backend = obj.raw.programs.get((handle as unknown as ProgramBackend['spec']).name)!
    const { name, section, type } = backend.spec
    const run = (input?: Uint8Array | ContextFields, options: SimulatedRunOptions = {}) =>
      runProgram({ obj, world, backend }, input, options)
    return [key, { name, section, type, run }]
  })
  return Object.fromEntries(programs)
}

interface Program {
  readonly obj: LoadedObject<LooseShape>
  readonly world: World
  readonly backend: ProgramBackend
}

const PACKET_CONTEXTS: readonly unknown[] = ['xdp_md', '__sk_buff']

function runProgram(
  { obj, world, backend }: Program,
  input: Uint8Array | ContextFields | undefined,
  options: SimulatedRunOptions,
): SimulatedRun {
  const { spec } = backend
  const hasPacket = PACKET_CONTEXTS.includes(programTypeRow(spec.type)?.context)
  if (hasPacket && !(input instanceof Uint8Array)) {
    throw new TypeError(`program ${spec.name}: run() needs the bytes of a packet, got ${typeof input}`)
  }
  const context = options.ctx ?? (hasPacket ? undefined : input)
  const restore = surroundings(obj, options)
  world.recorder.takeTrace()
  try {
    const result = backend.run({
      data: hasPacket ? (input as Uint8Array) : undefined,
      ctx: context && contextBytes(spec, context),
    })
    let layers: ReturnType<typeof parsePacket> | undefined
    return {
      retval: verdictOf(spec.type, result.retval),
      code: result.retval,
      packet: result.data,
      get layers() {
        layers ??= parsePacket(result.data)
        return layers
      },
      ctx: result.ctx,
      events: takeEvents(obj, world),
      trace: world.recorder.takeTrace(),
      printed: world.printed.splice(0),
      redirect: result.redirect,
    }
  } finally {
    restore()
  }
}

/** CPU and task of one run; on the kernel both are what they are. */
function surroundings(obj: LoadedObject<LooseShape>, { cpu, task }: SimulatedRunOptions): () => void {
  if (cpu === undefined && task === undefined) return () => {}
  if (obj.backend !== 'vm') throw new Error(`${obj.name}: cpu and task can be chosen in the VM only`)
  const vm = obj.raw as Vm
  const { cpu: cpuBefore, task: taskBefore } = vm.surroundings
  if (cpu !== undefined) vm.setCpu(cpu)
  if (task !== undefined) vm.setTask(task)
  return () => {
    vm.setCpu(cpuBefore)
    vm.setTask(taskBefore)
  }
}

/** What was sent: read as an attentive consumer would, so that rings do not fill up over many runs. */
function takeEvents(obj: LoadedObject<LooseShape>, world: World): SimulatedEvent<LooseShape>[] {
  const events: SimulatedEvent<LooseShape>[] = []
  const keys = new Map<string, string>()
  for (const [map, handle] of Object.entries(obj.maps)) {
    keys.set(handle.name, map)
    if (handle.type !== 'ringbuf') continue
    for (const value of (handle as RingBuffer<Uint8Array>).drain()) events.push({ map, value })
  }
  for (const { map, data } of world.perfEvents.splice(0)) events.push({ map: keys.get(map) ?? map, value: data })
  return events
}
