/**
 * Fault injection: helpers that fail although nothing is wrong. A fault that could never fire (no program calls the
 * helper, the map cannot be full) is refused, since the test would then test nothing.
 */
import {
  type BpfObject,
  HELPER_NAMES,
  type HelperName,
  helperByName,
  helperId,
  helperRow,
} from '@unplugin-bpf/core/object'
import { type MapBackend, type ModuleShape, nearName } from '@unplugin-bpf/core/runtime'
import { ERRNO, type ErrnoName, type HelperCall } from '@unplugin-bpf/core/vm'

export interface FaultOptions {
  /** Only the n-th matching call from now on (1 is the first); default: every one. */
  readonly call?: number | undefined
}

export interface HelperFaultOptions<M = string> extends FaultOptions {
  /** What the helper returns, negated; default EINVAL. Helpers that return pointers return null. */
  readonly error?: ErrnoName | number | undefined
  /** Only calls with this map. */
  readonly map?: M | undefined
}

/** An active fault; disposing removes it. */
export interface Fault extends Disposable {
  /** Calls that it made fail. */
  readonly hits: number
  remove(): void
}

export interface Faults<S extends ModuleShape> {
  /** New keys find no room in the map. */
  mapFull(map: keyof S['maps'] & string, options?: FaultOptions): Fault
  /** Reserving and sending find no room in the ring buffer. */
  ringFull(map: keyof S['maps'] & string, options?: FaultOptions): Fault
  /** `helper('map_update_elem', { error: 'ENOMEM', call: 2 })`; the name in any spelling. */
  helper(name: string, options?: HelperFaultOptions<keyof S['maps'] & string>): Fault
  /** Removes all. */
  clear(): void
}

interface Rule {
  /** The result, when the rule is about this call. */
  match(call: HelperCall): number | undefined
  readonly call: number | undefined
  seen: number
  hits: number
}

export interface FaultsInit {
  readonly object: BpfObject
  /** ELF name of a map key; throws for an unknown one. */
  readonly mapName: (key: string) => string
  readonly maps: ReadonlyMap<string, MapBackend>
}

export function createFaults<S extends ModuleShape>(
  init: FaultsInit,
): Faults<S> & { onHelper(call: HelperCall): number | undefined } {
  const rules = new Set<Rule>()
  const add = (match: Rule['match'], { call }: FaultOptions = {}): Fault => {
    if (call !== undefined && (!Number.isInteger(call) || call < 1)) {
      throw new RangeError(`call: expected a whole number from 1 on, got ${call}`)
    }
    const rule: Rule = { match, call, seen: 0, hits: 0 }
    rules.add(rule)
    const remove = () => void rules.delete(rule)
    return {
      get hits() {
        return rule.hits
      },
      remove,
      [Symbol.dispose]: remove,
    }
  }
  return {
    mapFull(key, options) {
      const map = init.mapName(key)
      const backend = init.maps.get(map)!
      const errno = fullErrno(backend)
      requireCalls(init.object, ['map_update_elem', 'map_push_elem'])
      return add((call) => {
        if (call.map !== map) return undefined
        if (call.name === 'map_push_elem') return -errno
        const isNew = call.name === 'map_update_elem' && backend.lookup(call.key()!) === undefined
        return isNew ? -errno : undefined
      }, options)
    },
    ringFull(key, options) {
      const map = init.mapName(key)
      if (init.maps.get(map)!.spec.type !== 'ringbuf') throw new TypeError(`${key} is no ring buffer`)
      requireCalls(init.object, Object.keys(RING_RESULTS) as HelperName[])
      return add((call) => (call.map === map ? RING_RESULTS[call.name] : undefined), options)
    },
    helper(given, options = {}) {
      const name = helperByName(given)
      if (name === undefined) throw unknownHelper(given)
      requireCalls(init.object, [name])
      const map = options.map === undefined ? undefined : init.mapName(options.map)
      const result = resultOf(name, options.error)
      return add(
        (call) => (call.name === name && (map === undefined || call.map === map) ? result : undefined),
        options,
      )
    },
    clear: () => rules.clear(),
    onHelper: (call) => firstResult(rules, call),
  }
}

function unknownHelper(given: string): TypeError {
  const near = nearName(given, HELPER_NAMES)
  return new TypeError(`there is no helper ${given}${near === undefined ? '' : `; did you mean ${near}?`}`)
}

function firstResult(rules: ReadonlySet<Rule>, call: HelperCall): number | undefined {
  let result: number | undefined
  for (const rule of rules) {
    const forced = rule.match(call)
    if (forced === undefined) continue
    rule.seen++
    if (rule.call !== undefined && rule.seen !== rule.call) continue
    rule.hits++
    result ??= forced
  }
  return result
}

const RING_RESULTS: Readonly<Partial<Record<HelperName, number>>> = {
  ringbuf_reserve: 0,
  ringbuf_output: -ERRNO.EAGAIN,
}

/** By map type: what an update that needs a new entry gives when there is none left (kernel/bpf, 6.18). */
const FULL: Readonly<Record<string, number>> = {
  hash: ERRNO.E2BIG,
  percpu_hash: ERRNO.E2BIG,
  lpm_trie: ERRNO.ENOSPC,
  queue: ERRNO.E2BIG,
  stack: ERRNO.E2BIG,
}

function fullErrno({ spec }: MapBackend): number {
  const errno = FULL[spec.type]
  if (errno !== undefined) return errno
  const why = spec.type.startsWith('lru')
    ? 'they drop an old entry instead'
    : `only ${Object.keys(FULL).join(', ')} can`
  throw new TypeError(`${spec.name}: maps of type ${spec.type} are never full; ${why}`)
}

function resultOf(name: HelperName, error: ErrnoName | number = 'EINVAL'): number {
  const { kind } = helperRow(name).ret
  if (kind === 'void') throw new TypeError(`${name} returns nothing, so that it cannot fail`)
  if (kind !== 'int') return 0
  const errno = typeof error === 'number' ? Math.abs(error) : ERRNO[error]
  if (errno === undefined)
    throw new TypeError(`unknown error ${error}: expected one of ${Object.keys(ERRNO).join(', ')}`)
  return -errno
}

const CALL = 0x85

function requireCalls(object: BpfObject, names: readonly HelperName[]): void {
  const code = [...object.programs, ...(object.functions ?? [])]
  const calls = (name: HelperName) =>
    code.some(({ insns }) =>
      insns.some((insn) => insn.opcode === CALL && insn.src === 0 && insn.imm === helperId(name)),
    )
  if (names.some(calls)) return
  throw new TypeError(`no program calls ${names.join(' or ')}: the fault would never happen`)
}
