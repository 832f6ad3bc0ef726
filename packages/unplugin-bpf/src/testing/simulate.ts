/**
 * `simulate(prog)`: a compiled program under test. Runs are deterministic: virtual time, seeded random numbers, one
 * process. The same test runs on the kernel with `{ backend: 'kernel' }`, where what only the VM can do says so.
 */
import type { BpfObject } from '@unplugin-bpf/core/object'
import type {
  BackendKind,
  BpfModule,
  LoadedObject,
  MapHandle,
  ModuleShape,
  ObjectBackend,
} from '@unplugin-bpf/core/runtime'
import { createVm, type PerfEvent, type Vm, type VmOptions } from '@unplugin-bpf/core/vm'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { coverageOf } from './coverage.ts'
import { createFaults } from './faults.ts'
import { isModule, type Loadable, objectModule } from './object-module.ts'
import { createPrograms, takeEffects } from './program.ts'
import { createRecorder } from './recorder.ts'
import { seedMap, snapshotMaps } from './seed.ts'
import type { LooseShape, SimulateOptions, Simulation } from './types.ts'

/** Virtual time starts here: a clock at zero would hide code that takes 0 for "never". */
const START = 1_000_000_000n

/** A module that the plugin compiled, or an ELF object as bytes or as data. */
export function simulate<S extends ModuleShape>(source: BpfModule<S>, options?: SimulateOptions<S>): Simulation<S>
export function simulate(source: BpfObject | Uint8Array, options?: SimulateOptions): Simulation
export function simulate(
  source: BpfModule<LooseShape> | BpfObject | Uint8Array,
  options: SimulateOptions = {},
): Simulation {
  if (!isModule(source)) return simulateLoadable(objectModule(source), options)
  const load: Loadable<LooseShape>['load'] = (backend) => source.load({ backend, constants: options.constants })
  return simulateLoadable({ name: source.name, load }, options)
}

export function simulateLoadable(source: Loadable<LooseShape>, options: SimulateOptions = {}): Simulation {
  const world = createWorld(options)
  return createSimulation(source.load(chooseBackend(options, world)), world, options)
}

/** What the VM asks while it runs, and what it reports. */
export interface World {
  now: bigint
  readonly recorder: ReturnType<typeof createRecorder>
  perfEvents: PerfEvent[]
  printed: string[]
  /** Set once the object is there. */
  onHelper: NonNullable<VmOptions['onHelper']>
}

function createWorld({ now = START }: SimulateOptions): World {
  return { now, recorder: createRecorder(), perfEvents: [], printed: [], onHelper: () => undefined }
}

function chooseBackend(options: SimulateOptions, world: World): (object: BpfObject) => ObjectBackend {
  const { backend = 'vm', cpus, seed, task, taskStruct, insnLimit } = options
  if (!['vm', 'kernel', 'auto'].includes(backend)) {
    throw new TypeError(`unknown backend ${JSON.stringify(backend)}: expected vm, kernel or auto`)
  }
  if (backend === 'kernel' || (backend === 'auto' && kernelUsable().ok)) return (object) => loadKernelObject(object)
  return (object) => {
    const vm = createVm(object, {
      cpus,
      seed,
      task,
      taskStruct,
      insnLimit,
      now: () => world.now,
      onStep: world.recorder.onStep,
      onHelper: (call) => world.onHelper(call),
      onPerfEvent: (event) => world.perfEvents.push(event),
      onPrintk: (text) => world.printed.push(text),
    })
    for (const program of vm.programs.values()) world.recorder.add(program.spec)
    return vm
  }
}

function createSimulation(obj: LoadedObject<LooseShape>, world: World, options: SimulateOptions): Simulation {
  const { raw } = obj
  const faults = createFaults<LooseShape>({
    object: raw.object,
    maps: raw.maps,
    mapName: (key) => mapOf(obj, key).name,
  })
  world.onHelper = faults.onHelper
  const vmOnly = <T>(what: string, value: () => T): T => {
    if (obj.backend === 'vm') return value()
    throw new Error(`${obj.name}: ${what} needs the VM; this simulation runs on the kernel`)
  }
  const close = () => obj.close()
  const simulation: Simulation = {
    backend: obj.backend as BackendKind,
    programs: createPrograms(obj, world),
    maps: obj.maps,
    globals: obj.globals,
    seed(maps) {
      for (const [key, content] of Object.entries(maps)) {
        if (content !== undefined) seedMap(`${obj.name}: map ${key}`, mapOf(obj, key), content)
      }
    },
    snapshot: () => snapshotMaps(obj.maps),
    placeObject: (object) => vmOnly('kernel memory from objects', () => (raw as Vm).placeObject(object)),
    get faults() {
      return vmOnly('fault injection', () => faults)
    },
    get now() {
      return vmOnly('virtual time', () => world.now)
    },
    advance: (time) =>
      vmOnly('virtual time', () => {
        world.recorder.takeTrace()
        advance(world, raw as Vm, time)
        return takeEffects(obj, world)
      }),
    get coverage() {
      return coverageOf(world.recorder.programs.values())
    },
    close,
    [Symbol.dispose]: close,
  }
  if (options.maps) simulation.seed(options.maps)
  return simulation
}

function mapOf(obj: LoadedObject<LooseShape>, key: string): MapHandle {
  if (Object.hasOwn(obj.maps, key)) return obj.maps[key] as MapHandle
  return obj.map<MapHandle>(key)
}

/** Stops at every expiry on the way, so that each timer sees the time that it waited for. */
function advance(world: World, vm: Vm, time: number | bigint): void {
  const ns = typeof time === 'bigint' ? time : BigInt(Math.round(time * 1e6))
  if (ns < 0n) throw new RangeError(`time goes forward only, not by ${time}`)
  const end = world.now + ns
  for (let next = vm.nextTimer(); next !== undefined && next <= end; next = vm.nextTimer()) {
    // A timer may have been started with an absolute time that is over.
    if (next > world.now) world.now = next
    vm.runTimers()
  }
  world.now = end
}
