/** Programs of a simulation: one run and everything that it did, in one plain object. */
import { parsePacket } from '@unplugin-bpf/core/packets'
import type { LoadedObject, ProgramBackend, RingBuffer } from '@unplugin-bpf/core/runtime'
import type { Vm } from '@unplugin-bpf/core/vm'
import { contextBytes, contextFields } from './context.ts'
import type { World } from './simulate.ts'
import type {
  ContextFields,
  Effects,
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
    const takesPacket = hasPacket(type)
    const run = (input?: Uint8Array | ContextFields, options: SimulatedRunOptions = {}) =>
      runProgram({ obj, world, backend }, input, options)
    return [key, { name, section, type, takesPacket, run }]
  })
  return Object.fromEntries(programs)
}

interface Program {
  readonly obj: LoadedObject<LooseShape>
  readonly world: World
  readonly backend: ProgramBackend
}

const PACKET_CONTEXTS: readonly unknown[] = ['xdp_md', '__sk_buff']

function hasPacket(type: string): boolean {
  return PACKET_CONTEXTS.includes(programTypeRow(type)?.context)
}

function runProgram(
  { obj, world, backend }: Program,
  input: Uint8Array | ContextFields | undefined,
  options: SimulatedRunOptions,
): SimulatedRun {
  const { spec } = backend
  const takesPacket = hasPacket(spec.type)
  if (takesPacket && !(input instanceof Uint8Array)) {
    throw new TypeError(`program ${spec.name}: run() needs the bytes of a packet, got ${typeof input}`)
  }
  const context = options.ctx ?? (takesPacket ? undefined : input)
  const restore = surroundings(obj, options)
  world.recorder.takeTrace()
  try {
    const result = backend.run({
      data: takesPacket ? (input as Uint8Array) : undefined,
      ctx: context && contextBytes(spec, context),
    })
    let layers: ReturnType<typeof parsePacket> | undefined
    return {
      retval: verdictOf(spec.type, result.retval),
      code: result.retval,
      packet: result.data,
      get layers() {
        layers ??= parsePacket(withEtherType(result.data))
        return layers
      },
      ctx: result.ctx,
      get context() {
        return result.ctx && contextFields(spec, result.ctx)
      },
      ...takeEffects(obj, world),
      redirect: result.redirect,
    }
  } finally {
    restore()
  }
}

/** Types that see a packet from the network header on get it back with an Ethernet header of zeros. */
function withEtherType(packet: Uint8Array): Uint8Array {
  const version = packet[14]! >> 4
  if (packet.length < 15 || packet.subarray(0, 14).some((byte) => byte !== 0) || (version !== 4 && version !== 6)) {
    return packet
  }
  const out = packet.slice()
  out.set(version === 4 ? [8, 0] : [0x86, 0xdd], 12)
  return out
}

/** What one run sees differently; on the kernel everything is as it is. */
function surroundings(obj: LoadedObject<LooseShape>, { cpu, task, socketCookie }: SimulatedRunOptions): () => void {
  if (cpu === undefined && task === undefined && socketCookie === undefined) return () => {}
  if (obj.backend !== 'vm') throw new Error(`${obj.name}: cpu, task and socketCookie can be chosen in the VM only`)
  const vm = obj.raw as Vm
  const before = { ...vm.surroundings }
  vm.setSurroundings({ cpu, task, socketCookie })
  return () => vm.setSurroundings(before)
}

/** What code did besides its result, since the last call. */
export function takeEffects(obj: LoadedObject<LooseShape>, world: World): Effects<LooseShape> {
  return {
    events: takeEvents(obj, world),
    trace: world.recorder.takeTrace(),
    printed: world.printed.splice(0),
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
