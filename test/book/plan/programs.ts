/** Program types, kernel data, protocols, output. */
import {
  definitions,
  doubleBase,
  inKprobe,
  inTc,
  inXdp,
  PACKET,
  type Plan,
  parallelLet,
  program,
  userSide,
} from '../treatment.ts'

const attach = userSide('`program.attach({ ... })`')
const FORK = ':type :tracepoint :section "tracepoint/sched/sched_process_fork"'
const SWITCH = ':type :tracepoint :section "tracepoint/sched/sched_switch"'

export const PROGRAMS: Plan = {
  '(defprog my-filter (:type :xdp :section "xdp/my_filter")': program(),
  '(defprog check-len (:type :xdp)': program(),
  '(with-packet (data data-end :min-len 14)': inXdp(),
  '(with-tcp (data data-end tcp)': inXdp(),
  '(defprog drop-9999 (:type :xdp :section "xdp/drop_9999")': program(),
  '(attach-xdp prog "eth0" :mode "xdpgeneric")': attach,
  '(defprog trace-exec (:type :kprobe': program(),
  '(defprog trace-malloc (:type :kprobe': program(),
  '(defprog trace-exec-ret (:type :kprobe': program(),
  '(defprog trace-exec (:type :kprobe #2': program(),
  '(defstruct exec-event': program(),
  '(defprog trace-fork (:type :tracepoint #2': program(),
  '(deftracepoint sched/sched-process-fork parent-pid child-pid)': definitions('(tp-parent-pid) (tp-child-pid)', FORK),
  '(deftracepoint sched/sched-process-fork parent-pid child-pid) #2': program(),
  '(defprog my-tc-filter (:type :xdp :section "tc/my_filter")': program(),
  ';; Add a clsact qdisc (idempotent)': attach,
  '(defprog block-4444 (:type :xdp :section "tc/block_4444")': program(),
  '(defprog count-egress (:type :cgroup-skb': program(),
  '(defprog audit-sock (:type :cgroup-sock': program(),
  '(defprog filter-connect (:type :cgroup-sock-addr': program(),
  '(attach-cgroup prog "/sys/fs/cgroup"': attach,
  '(with-bpf-session (session "count-egress.o")': userSide('loads a file in a session: `loadFile`'),
  '(defmap pkt-count :type :array #2': parallelLet(),
  '(let* ((obj (bpf:open-object "count-egress.o"))': userSide('`loadFile` and `attach`'),
  '(with-bpf-session (session "count-egress.o") #2': userSide('loads a file in a session: `loadFile`'),
  '(deftracepoint category/event-name [field1 field2 ...])': definitions('(tp-prev-pid)', SWITCH, [
    ['category/event-name [field1 field2 ...]', 'sched/sched-switch prev-pid next-pid'],
  ]),
  '(tp-FIELD) ;; expands to (ctx-load TYPE OFFSET)': program({
    before: '(deftracepoint sched/sched-switch)',
    wrap: '(defprog b (:type :tracepoint :section "tracepoint/sched/sched_switch") $ 0)',
    replace: [['FIELD', 'prev-pid']],
  }),
  '(tp-FIELD-ptr) ;; expands to (+ (ctx-load u64 0) OFFSET)': program({
    before: '(deftracepoint sched/sched-switch)',
    wrap: '(defprog b (:type :tracepoint :section "tracepoint/sched/sched_switch") (load u8 $) 0)',
    replace: [
      ['FIELD', 'prev-comm'],
      [/;;.*/, ''],
    ],
  }),
  '(deftracepoint sched/sched-process-fork parent-pid child-pid) #3': definitions(
    '(tp-parent-pid) (tp-child-pid)',
    FORK,
  ),
  '(deftracepoint sched/sched-switch)': definitions(
    `(tp-prev-comm 0) (tp-prev-comm-ptr) (tp-prev-pid) (tp-prev-prio) (tp-prev-state)
     (tp-next-comm 15) (tp-next-comm-ptr) (tp-next-pid) (tp-next-prio)`,
    SWITCH,
  ),
  '(defprog trace-fork (:type :tracepoint #3': program({
    before: `(deftracepoint sched/sched-process-fork parent-pid child-pid)
      (defmap ppid-map :type :hash :key-size 4 :value-size 4 :max-entries 64)`,
  }),
  '(import-kernel-struct struct-name [field1 field2 ...])': definitions(
    '(task-struct-pid (get-current-task))',
    SWITCH,
    [['struct-name [field1 field2 ...]', 'task-struct pid tgid']],
  ),
  ';; Scalar/pointer fields:': inKprobe(
    '(import-kernel-struct task-struct pid tgid flags mm)',
    '(let ((ptr (get-current-task))) $)',
  ),
  '(import-kernel-struct task-struct pid tgid mm)': program({
    replace: [[/\(let\*[\s\S]*$/, `(defprog chase (${FORK}) $& 0)`]],
  }),
  '(import-kernel-struct task-struct pid tgid comm)': doubleBase,
  '(defheader my-proto': definitions(
    '(with-packet (data data-end :min-len 8) (+ (my-proto-field-a data) (my-proto-field-b data)))',
  ),
  '(xdp-data) ;; -> (core-ctx-load u32 0 xdp-md data)': inXdp(),
  '(with-packet (data data-end :min-len 34) ...)': inXdp(),
  '(defprog my-xdp (:type :xdp :section "xdp" :license "GPL")': program(),
  '(parse-eth data data-end) ;; returns data or 0': inXdp('', PACKET),
  '(let ((data (xdp-data))': inXdp('(defmap stats :type :hash :key-size 2 :value-size 8 :max-entries 64)'),
  '(tc-data) ;; -> (ctx-load u32 76)': inTc('', '$', [[':min-len N', ':min-len 34']]),
  ';; Whistler source': definitions('(let ((it (make-conn-event))) (setf (conn-event-port it) 1))'),
  '("comm", ctypes.c_uint8 * 16)': { as: 'no Lisp', reason: 'the end of the Python output of --gen' },
  '(defconstant +event-type-tcp+ 1)': definitions('+event-type-tcp+'),
}
