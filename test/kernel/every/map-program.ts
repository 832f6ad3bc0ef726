/** The smallest declaration of a map, and a program that uses it, made from the row of its type. */
import { MAP_TYPES, type MapTypeName, type MapTypeRow } from '../../../packages/core/src/tables/map-types.ts'
import { toLispName } from '../../../packages/core/src/tables/names.ts'
import { mapShape } from '../../support/kernel-load.ts'
import type { Use } from './helper-uses.ts'

export function declareMap(name: string, type: MapTypeName): string {
  const { handle }: MapTypeRow = MAP_TYPES[type]
  const shape = mapShape(type)
  const sizes = {
    'key-size': shape.key_size,
    'value-size': shape.value_size,
    'max-entries': shape.max_entries,
    'map-flags': shape.map_flags,
  }
  const options = Object.entries(sizes).flatMap(([option, size]) => (size === 0 ? [] : [`:${option} ${size}`]))
  const holdsMaps = handle === 'mapArray' || handle === 'mapHash'
  const inner = holdsMaps ? [':inner (:type :array :key-size 4 :value-size 8 :max-entries 1)'] : []
  return `(defmap ${name} :type :${toLispName(type)} ${[...options, ...inner].join(' ')})`
}

/** Where the map has helpers of its own only. */
const OWN_USES: Partial<Record<MapTypeName, string>> = {
  prog_array: '(defprog use (:type :xdp) (tail-call m 0) XDP_PASS)',
  perf_event_array: '(defprog use (:type :xdp) (perf-event-output (ctx-ptr) m 0 (struct-alloc 8) 8) XDP_PASS)',
  stack_trace: '(defprog use (:section "kprobe") (get-stackid (ctx-ptr) m 0) 0)',
  cgroup_array: '(defprog use (:type :tc) (skb-under-cgroup (ctx-ptr) m 0) TC_ACT_OK)',
  sockmap: '(defprog use (:section "sk_skb/stream_verdict") (sk-redirect-map (ctx-ptr) m 0 0))',
  sockhash: '(defprog use (:section "sk_skb/stream_verdict") (sk-redirect-hash (ctx-ptr) m (struct-alloc 4) 0))',
  cpumap: '(defprog use (:type :xdp) (redirect-map m 0 0))',
  reuseport_sockarray:
    '(defprog use (:section "sk_reuseport") (sk-select-reuseport (ctx-ptr) m (struct-alloc 4) 0) SK_PASS)',
  cgroup_storage: '(defprog use (:section "cgroup_skb/egress") (atomic-add (get-local-storage m 0) 0 1) 1)',
  percpu_cgroup_storage: '(defprog use (:section "cgroup_skb/egress") (setf (load u64 (get-local-storage m 0)) 1) 1)',
  queue: '(defprog use (:type :xdp) (map-push-elem m (struct-alloc 8) 0) XDP_PASS)',
  stack: '(defprog use (:type :xdp) (map-pop-elem m (struct-alloc 8)) XDP_PASS)',
  bloom_filter: '(defprog use (:type :xdp) (map-peek-elem m (struct-alloc 8)) XDP_PASS)',
  ringbuf: '(defprog use (:type :xdp) (ringbuf-output m (struct-alloc 8) 8 0) XDP_PASS)',
  task_storage: `(defprog use (:section "tp_btf/sched_switch")
    (task-storage-get m (get-current-task-btf) 0 1) 0)`,
  sk_storage: `(defprog use (:section "cgroup_skb/egress")
    (when-let ((sk (ctx sk)) (full (sk-fullsock sk))) (sk-storage-get m full 0 1)) 1)`,
  cgrp_storage: `(defprog use (:section "iter/cgroup")
    (when-let ((group (arg cgroup))) (cgrp-storage-get m group 0 1)) 0)`,
  user_ringbuf: `(defsubprog taken ((record u64) (context u64)) u64 0)
    (defprog use (:type :xdp) (user-ringbuf-drain m taken 0 0) XDP_PASS)`,
  // Its helpers are for LSM programs only, which this platform does not load.
  inode_storage: '',
}

export function mapUse(type: MapTypeName): Use {
  const source = `${declareMap('m', type)}\n${OWN_USES[type] ?? lookup(MAP_TYPES[type])}`
  return type === 'struct_ops' ? { source, ...STRUCT_OPS } : source
}

const STRUCT_OPS = {
  refused: /EINVAL/,
  why: 'its value is a struct of operations, which the kernel knows by its BTF id',
}

function lookup({ key, program }: MapTypeRow): string {
  if (program === 'none') return ''
  const find = key === 'lpm' ? '(map-lookup-ptr m (struct-alloc 8))' : '(map-lookup m 0)'
  return `(defprog use (:type :xdp) ${find} XDP_PASS)`
}
