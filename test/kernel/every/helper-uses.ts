/** Uses of the helpers whose arguments cannot be made out of nothing, or whose results must be given back. */
import type { HelperName } from '../../../packages/core/src/tables/helpers/index.ts'

/** A program; or one that this kernel refuses so, and why. */
export type Use = string | { readonly source: string; readonly refused: RegExp; readonly why: string }

const xdp = (body: string) => `(defprog use (:type :xdp) ${body} XDP_PASS)`
const tc = (body: string) => `(defprog use (:type :tc) ${body} TC_ACT_OK)`
const switched = (body: string) => `(defprog use (:section "tp_btf/sched_switch") ${body} 0)`
const egress = (body: string) => `(defprog use (:section "cgroup_skb/egress") ${body} 1)`
const hash = '(defmap m :type :hash :key-size 4 :value-size 8 :max-entries 4)'
const ring = '(defmap m :type :ringbuf :max-entries 4096)'

const tcpLookup = (helper: string, release: string) =>
  tc(`(let ((tuple (struct-alloc 12)))
        (when-let ((sk (${helper} (ctx-ptr) tuple 12 0 0)))
          ${release}))`)
const looked = (use: string) => tcpLookup('sk-lookup-tcp', `${use} (sk-release sk)`)
/** The record of a dynptr is given back on every path, also when there was no room. */
const inDynptr = (use: string, release = 'ringbuf-discard-dynptr') =>
  `${ring}${xdp(`(let ((dynptr (struct-alloc 16)) (memory (struct-alloc 8)))
    (ringbuf-reserve-dynptr m 8 0 dynptr)
    ${use}
    (${release} dynptr 0))`)}`

const iterator = (body: string, section = 'iter/task') => `(defprog use (:section "${section}") ${body} 0)`

/** Attached by its BTF id to a function or hook: the platform that these tests run on refuses all of them. */
const HOOKED = {
  refused: /EPERM/,
  why: 'only programs for fentry, fexit, fmod_ret or LSM may call it, and this platform loads none of them',
} as const
const lsm = (section: string, body: string, before = ''): Use => ({
  source: `${before}(defprog use (:section "${section}") ${body} 0)`,
  ...HOOKED,
})
const PERF = '(defmap m :type :perf-event-array :key-size 4 :value-size 4 :max-entries 1)'
const INODES = '(defmap m :type :inode-storage :key-size 4 :value-size 8 :map-flags 1)'
/** A constant that the kernel sees as such. */
const FORMAT = '(defrodata format (array u8 4) "abc")'

/** Helpers of the kernel's source that this kernel offers to no program. */
const nobody = (section: string, body: string, why: string): Use => ({
  source: `(defprog use (:section "${section}") ${body} 0)`,
  refused: /helper-not-allowed/,
  why,
})
const infrared = (body: string): Use => ({
  source: `(defprog use (:section "lirc_mode2") ${body} 0)`,
  refused: /does not know the program type/,
  why: 'the kernel is built without CONFIG_BPF_LIRC_MODE2',
})
/** A value with an object of the kernel's own in it. */
const held = (object: string, body: string) => `(defstruct held (it ${object}) (n u64))
  (defmap m :type :array :key-size 4 :value-type held :max-entries 1)
  (defsubprog rang ((map u64) (key u64) (value u64)) u64 0)
  ${tc(`(when-let ((p (map-lookup m 0))) ${body})`)}`
const locked = held('bpf-spin-lock', '(spin-lock (held-it-ptr p)) (setf (held-n p) 1) (spin-unlock (held-it-ptr p))')

const CALLBACK = '(defsubprog callback ((a u64) (b u64) (c u64) (d u64)) u64 0)'

export const HELPER_USES: Partial<Record<HelperName, Use>> = {
  // maps
  map_lookup_elem: `${hash}${xdp('(map-lookup m 1)')}`,
  map_update_elem: `${hash}${xdp('(map-update m 1 2 0)')}`,
  map_delete_elem: `${hash}${xdp('(map-delete m 1)')}`,
  map_lookup_percpu_elem: `(defmap m :type :percpu-array :key-size 4 :value-size 8 :max-entries 4)
    ${xdp('(map-lookup-percpu-elem m (struct-alloc 4) 0)')}`,
  for_each_map_elem: `${hash}${CALLBACK}${xdp('(for-each-map-elem m callback 0 0)')}`,
  tail_call: `(defmap m :type :prog-array :key-size 4 :value-size 4 :max-entries 4)${xdp('(tail-call m 0)')}`,
  sk_storage_get: `(defmap m :type :sk-storage :key-size 4 :value-size 8 :map-flags 1)
    ${egress('(when-let ((sk (ctx sk)) (full (sk-fullsock sk))) (sk-storage-get m full 0 1))')}`,
  sk_storage_delete: `(defmap m :type :sk-storage :key-size 4 :value-size 8 :map-flags 1)
    ${egress('(when-let ((sk (ctx sk)) (full (sk-fullsock sk))) (sk-storage-delete m full))')}`,
  inode_storage_get: lsm('lsm/file_open', '(inode-storage-get m (core-load u64 (arg file) file f-inode) 0 1)', INODES),
  inode_storage_delete: lsm(
    'lsm/file_open',
    '(inode-storage-delete m (core-load u64 (arg file) file f-inode))',
    INODES,
  ),
  task_storage_get: `(defmap m :type :task-storage :key-size 4 :value-size 8 :map-flags 1)
    ${switched('(task-storage-get m (get-current-task-btf) 0 1)')}`,
  task_storage_delete: `(defmap m :type :task-storage :key-size 4 :value-size 8 :map-flags 1)
    ${switched('(task-storage-delete m (get-current-task-btf))')}`,

  // ring buffers
  ringbuf_reserve: `${ring}${xdp('(when-let ((record (ringbuf-reserve m 8 0))) (ringbuf-discard record 0))')}`,
  ringbuf_submit: `${ring}${xdp('(when-let ((record (ringbuf-reserve m 8 0))) (setf (load u64 record) 1) (ringbuf-submit record 0))')}`,
  ringbuf_discard: `${ring}${xdp('(when-let ((record (ringbuf-reserve m 8 0))) (ringbuf-discard record 0))')}`,
  ringbuf_reserve_dynptr: inDynptr(''),
  ringbuf_submit_dynptr: inDynptr('', 'ringbuf-submit-dynptr'),
  ringbuf_discard_dynptr: inDynptr(''),
  dynptr_read: inDynptr('(dynptr-read memory 8 dynptr 0 0)'),
  dynptr_write: inDynptr('(dynptr-write dynptr 0 memory 8 0)'),
  dynptr_data: inDynptr('(dynptr-data dynptr 0 8)'),
  dynptr_from_mem: `${hash}${xdp('(when-let ((p (map-lookup m 1))) (dynptr-from-mem p 8 0 (struct-alloc 16)))')}`,
  user_ringbuf_drain: `(defmap m :type :user-ringbuf :max-entries 4096)${CALLBACK}
    ${xdp('(user-ringbuf-drain m callback 0 0)')}`,

  // tasks and tracing
  copy_from_user_task: iterator(
    '(when-let ((task (arg task))) (copy-from-user-task (struct-alloc 8) 8 0 task 0))',
    'iter.s/task',
  ),
  get_task_stack: switched('(get-task-stack (get-current-task-btf) (struct-alloc 64) 64 0)'),
  find_vma: `${CALLBACK}${switched('(find-vma (get-current-task-btf) 0 callback 0 0)')}`,
  get_func_arg: lsm('fentry/do_unlinkat', '(get-func-arg (ctx-ptr) 0 (struct-alloc 8))'),
  get_func_ret: lsm('fexit/do_unlinkat', '(get-func-ret (ctx-ptr) (struct-alloc 8))'),
  get_func_arg_cnt: lsm('fentry/do_unlinkat', '(get-func-arg-cnt (ctx-ptr))'),
  d_path: lsm('fentry/vfs_truncate', '(d-path (arg path) (struct-alloc 64) 64)'),
  bprm_opts_set: lsm('lsm/bprm_creds_for_exec', '(bprm-opts-set (arg bprm) 1)'),
  ima_inode_hash: lsm(
    'lsm.s/file_open',
    '(ima-inode-hash (core-load u64 (arg file) file f-inode) (struct-alloc 64) 64)',
  ),
  ima_file_hash: lsm('lsm.s/file_open', '(ima-file-hash (arg file) (struct-alloc 64) 64)'),
  sock_from_file: lsm('fentry/filp_close', '(sock-from-file (arg filp))'),
  skb_output: lsm('fentry/consume_skb', '(skb-output (arg skb) m 0 (struct-alloc 8) 8)', PERF),
  xdp_output: lsm('fentry/xdp_do_redirect', '(xdp-output (arg xdp) m 0 (struct-alloc 8) 8)', PERF),
  tcp_send_ack: {
    source: '(defprog use (:section "struct_ops") (tcp-send-ack 0 0) 0)',
    refused: /no reason given/,
    why: 'it is for the operations of a struct tcp_congestion_ops, which a program alone does not say',
  },
  probe_write_user: nobody(
    'kprobe/do_unlinkat',
    '(probe-write-user 0 (struct-alloc 8) 8)',
    'the kernel is locked down',
  ),
  override_return: nobody('kprobe/do_unlinkat', '(override-return (ctx-ptr) 0)', 'CONFIG_BPF_KPROBE_OVERRIDE is off'),
  seq_printf: `${FORMAT}${iterator('(seq-printf (core-load u64 (arg meta) bpf-iter-meta seq) format 4 0 0)')}`,
  seq_printf_btf: iterator('(seq-printf-btf (core-load u64 (arg meta) bpf-iter-meta seq) (struct-alloc 16) 16 0)'),
  seq_write: iterator('(seq-write (core-load u64 (arg meta) bpf-iter-meta seq) (struct-alloc 8) 8)'),

  // sockets
  sk_lookup_tcp: tcpLookup('sk-lookup-tcp', '(sk-release sk)'),
  sk_lookup_udp: tcpLookup('sk-lookup-udp', '(sk-release sk)'),
  skc_lookup_tcp: tcpLookup('skc-lookup-tcp', '(sk-release sk)'),
  sk_release: looked(''),
  sk_assign: looked('(sk-assign (ctx-ptr) sk 0)'),
  sk_fullsock: egress('(when-let ((sk (ctx sk))) (sk-fullsock sk))'),
  sk_select_reuseport: `(defmap m :type :reuseport-sockarray :key-size 4 :value-size 4 :max-entries 4)
    (defprog use (:section "sk_reuseport") (sk-select-reuseport (ctx-ptr) m (struct-alloc 4) 0) SK_PASS)`,
  sock_map_update: `(defmap m :type :sockmap :key-size 4 :value-size 4 :max-entries 4)
    (defprog use (:section "sockops") (sock-map-update (ctx-ptr) m (struct-alloc 4) 0) 0)`,
  sock_hash_update: `(defmap m :type :sockhash :key-size 4 :value-size 4 :max-entries 4)
    (defprog use (:section "sockops") (sock-hash-update (ctx-ptr) m (struct-alloc 4) 0) 0)`,
  sk_redirect_hash: `(defmap m :type :sockhash :key-size 4 :value-size 4 :max-entries 4)
    (defprog use (:section "sk_skb/stream_verdict") (sk-redirect-hash (ctx-ptr) m (struct-alloc 4) 0))`,
  msg_redirect_hash: `(defmap m :type :sockhash :key-size 4 :value-size 4 :max-entries 4)
    (defprog use (:section "sk_msg") (msg-redirect-hash (ctx-ptr) m (struct-alloc 4) 0))`,
  tcp_raw_gen_syncookie_ipv6: xdp('(tcp-raw-gen-syncookie-ipv6 (struct-alloc 40) (struct-alloc 60) 60)'),
  tcp_raw_check_syncookie_ipv6: xdp('(tcp-raw-check-syncookie-ipv6 (struct-alloc 40) (struct-alloc 20))'),

  // text
  snprintf: `${FORMAT}${xdp('(snprintf (struct-alloc 8) 8 format 0 0)')}`,
  strncmp: `${FORMAT}${xdp('(strncmp (struct-alloc 8) 8 format)')}`,

  // `loop` is a form of the language; this one becomes the helper.
  loop: xdp('(let ((sum 0)) (bpf-loop (i 1000) (incf sum i)))'),

  // programs that user space calls
  sys_close: '(defprog use (:section "syscall") (sys-close 1000) 0)',
  btf_find_by_name_kind: '(defprog use (:section "syscall") (btf-find-by-name-kind (struct-alloc 8) 8 4 0) 0)',
  kallsyms_lookup_name:
    '(defprog use (:section "syscall") (kallsyms-lookup-name (struct-alloc 8) 8 0 (struct-alloc 8)) 0)',

  // kernels that are built otherwise
  rc_repeat: infrared('(rc-repeat (ctx-ptr))'),
  rc_keydown: infrared('(rc-keydown (ctx-ptr) 0 0 0)'),
  rc_pointer_rel: infrared('(rc-pointer-rel (ctx-ptr) 0 0)'),

  // values with objects of the kernel's own
  spin_lock: locked,
  spin_unlock: locked,
  timer_init: held('bpf-timer', '(timer-init (held-it-ptr p) m 1)'),
  timer_set_callback: held('bpf-timer', '(timer-set-callback (held-it-ptr p) rang)'),
  timer_start: held('bpf-timer', '(timer-start (held-it-ptr p) 1000 0)'),
  timer_cancel: held('bpf-timer', '(timer-cancel (held-it-ptr p))'),
  kptr_xchg: {
    source: `${hash}${xdp('(when-let ((p (map-lookup m 1))) (kptr-xchg p 0))')}`,
    refused: /R1 has no valid kptr|the kernel refuses/,
    why: 'needs a member that the BTF calls a kptr, which `defstruct` cannot declare',
  },
}
