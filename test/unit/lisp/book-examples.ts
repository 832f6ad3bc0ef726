/** The programs and fragments of the language book, as written there; `problems` where the rulings say that it is wrong. */
import { expect } from 'vitest'
import { printForms } from '../../../packages/core/src/forms/print.ts'
import type { Reading } from './support.ts'

export interface BookExample {
  readonly text: string
  readonly problems?: string[]
  readonly check?: (reading: Reading) => void
}

const prog = (r: Reading, name: string) => r.module.programs.find((p) => p.name === name)!

export const BOOK: Readonly<Record<string, BookExample>> = {
  'introduction: count packets': {
    text: `(defmap pkt-count :type :array
:key-size 4 :value-size 8 :max-entries 1)
(defprog count-packets (:type :xdp :license "GPL")
(incf (getmap pkt-count 0))
XDP_PASS)`,
    check: (r) => {
      expect(printForms(r.module)).toContain('(seq (map-add pkt_count 0 1) 2)')
      expect(prog(r, 'count_packets')).toMatchObject({ type: 'xdp', section: 'xdp', license: 'GPL', attachType: 'XDP' })
    },
  },
  'defunion: packet buffer': {
    text: `(defstruct ip-hdr (ver u8) (protocol u8))
(defstruct udp-hdr (src u16) (dst u16))
(defunion packet-buf ip-hdr udp-hdr)
(defprog p (:type :cgroup-skb :section "cgroup_skb/egress")
(let ((pkt (make-packet-buf)))
(skb-load-bytes (ctx-ptr) 0 pkt (sizeof ip-hdr))
(ip-hdr-protocol pkt)) 1)`,
  },
  'map types': {
    text: `(defmap connection-table :type :hash :key-size 16 :value-size 8 :max-entries 1024)
(defmap counters :type :array :key-size 4 :value-size 8 :max-entries 256)
(defmap per-cpu-cache :type :percpu-hash :key-size 4 :value-size 64 :max-entries 512)
(defmap per-cpu-stats :type :percpu-array :key-size 4 :value-size 32 :max-entries 16)
(defmap events :type :ringbuf :max-entries (* 256 1024))
(defmap dispatch :type :prog-array :key-size 4 :value-size 4 :max-entries 8)
(defmap routes :type :lpm-trie :key-size 8 :value-size 4 :max-entries 1024 :map-flags 1)
(defmap recent-flows :type :lru-hash :key-size 16 :value-size 8 :max-entries 4096)`,
    check: (r) =>
      expect(r.module.maps.find((m) => m.name === 'events')).toMatchObject({
        maxEntries: 262144,
        keySize: 0,
        valueSize: 0,
      }),
  },
  'defprog: tail call dispatch': {
    text: `(defmap dispatch :type :prog-array :key-size 4 :value-size 4 :max-entries 4)
(defprog handler-a (:type :xdp :section "xdp/handler_a") XDP_PASS)
(defprog handler-b (:type :xdp :section "xdp/handler_b") XDP_DROP)
(defprog main (:type :xdp) (tail-call dispatch 0) XDP_PASS)`,
    check: (r) => expect(prog(r, 'handler_a')).toMatchObject({ section: 'xdp', label: 'handler_a' }),
  },
  'defprog: tracepoint': {
    text: `(defstruct event (pid u32) (ts u64))
(defmap events :type :ringbuf :max-entries (* 256 1024))
(defprog trace-sched (:type :tracepoint :section "tracepoint/sched/sched_process_exec")
(with-ringbuf (e events (sizeof event))
(setf (event-pid e) (get-current-pid-tgid)
(event-ts e) (ktime-get-ns)))
0)`,
    check: (r) => expect(r.module.maps[0]!.recordType).toMatchObject({ name: 'event', size: 16 }),
  },
  'defstruct: layout': {
    text: `(defstruct sample (flags u8) (id u32) (value u64))
(defmap m :type :array :key-size 4 :value-type sample :max-entries 1)`,
    check: (r) => expect(r.module.structs[0]).toMatchObject({ size: 16, align: 8 }),
  },
  'defstruct: full example': {
    text: `(defstruct my-event (pid u32) (comm (array u8 16)) (data (array u8 64)))
(defmap events :type :ringbuf :max-entries (* 256 1024))
(defprog trace-exec (:type :tracepoint :section "tracepoint/sched/sched_process_exec")
(let ((some-source 0))
(with-ringbuf (e events (sizeof my-event))
(setf (my-event-pid e) (get-current-pid-tgid))
(get-current-comm (my-event-comm-ptr e) 16)
(probe-read (my-event-data-ptr e) 64 some-source)))
0)`,
    check: (r) => expect(r.module.structs[0]).toMatchObject({ size: 84 }),
  },
  'forms: macro drop-if': {
    text: `(defmacro drop-if (test)
\`(when ,test (return XDP_DROP)))
(defprog my-filter (:type :xdp :section "xdp" :license "GPL")
(let ((data (xdp-data))
(data-end (xdp-data-end)))
(when (> (+ data 34) data-end)
(return XDP_PASS))
(drop-if (= (eth-type data) +ethertype-ipv4+)))
XDP_PASS)`,
  },
  'variables: declared types': {
    text: `(defmap jt :type :prog-array :key-size 4 :value-size 4 :max-entries 4)
(defprog p (:type :xdp)
(with-packet (ptr end :min-len 34)
(let ((proto (ipv4-protocol ptr)))
(declare (type u32 proto))
(tail-call jt proto))
(let ((a (load u32 ptr 0)) (b (load u32 ptr 4)))
(declare (type u32 a b))
(+ a b))))`,
  },
  'control flow': {
    text: `(defmap my-map :type :hash :key-size 4 :value-size 8 :max-entries 4)
(defprog p (:type :xdp)
(let ((key 1) (proto 6) (flags 2))
(when-let ((p (map-lookup my-map key))) (atomic-add p 0 1))
(when-let ((p u64 (map-lookup my-map key))) (load u32 p 0))
(when-let ((a (map-lookup my-map key)) (b (map-lookup my-map key))) (+ (load u64 a 0) (load u64 b 0)))
(if-let (p (map-lookup my-map key)) (load u64 p 0) 0)
(if-let (p u64 (map-lookup my-map key)) (load u32 p 0) 0)
(case proto (+ip-proto-tcp+ 1) (+ip-proto-udp+ 2) ((41 47) 3) (t XDP_PASS))
(when (and (= proto +ip-proto-tcp+) (logand flags +tcp-syn+) (not (logand flags +tcp-ack+))) 1)
(progn XDP_PASS)))`,
  },
  'arithmetic: folded swap': {
    text: `(defprog p (:type :xdp) (with-packet (data data-end)
(when (= (ntohs (load u16 data 12)) +ethertype-ipv4+) (return XDP_DROP)))
(let ((pid (cast u32 (>> (get-current-pid-tgid) 32)))) pid))`,
  },
  'memory: context by name and by offset': {
    text: `(defconstant +localhost-nbo+ #x0100007f)
(defprog connect4 (:type :cgroup-sock-addr :section "cgroup/connect4")
(let ((ip (ctx user-ip4)))
(setf (ctx user-ip4) +localhost-nbo+)
(setf (ctx user-port) (htons 8080))
(ctx u32 4)
(setf (ctx u32 4) ip))
1)`,
    check: (r) => expect(printForms(r.module)).toContain('(ctx-store u32 24 user_port 36895)'),
  },
  'memory: memset, memcpy, stack-addr': {
    text: `(defmap my-map :type :hash :key-size 4 :value-size 8 :max-entries 4)
(defstruct buf (a (array u8 64)))
(defprog p (:type :xdp)
(let ((b (make-buf)) (c (make-buf)) (key u32 0))
(memset b 0 0 32)
(memset b 16 #xFF 16)
(memcpy b 0 c 14 20)
(map-lookup my-map (stack-addr key))))`,
  },
  pt_regs: {
    text: `(defprog trace-open (:type :kprobe :section "kprobe/do_sys_open" :license "GPL")
(let ((filename-ptr (pt-regs-parm2)) (buf (struct-alloc 256)))
(probe-read-user-str buf 256 filename-ptr))
0)`,
    check: (r) => expect(printForms(r.module)).toContain('(ctx-load u64 104)'),
  },
  'maps: struct keys': {
    text: `(defstruct stats-key
(comm (array u8 16))
(nargs u16) (rtype u8) (abi u8) (pad u32) (arg-types (array u8 16)))
(defmap stats :type :hash :key-size 40 :value-size 8 :max-entries 10240)
(defprog p (:type :kprobe :section "kprobe/x")
(let ((key (make-stats-key)))
(incf (getmap stats key)))
0)`,
    check: (r) => expect(printForms(r.module)).toContain('(map-add stats (ptr key) 1)'),
  },
  'ring buffers: output': {
    text: `(defstruct conn-event (src-addr u32) (dst-addr u32) (dst-port u16) (proto u8) (pad u8))
(defmap events :type :ringbuf :max-entries 4096)
(defprog p (:type :xdp)
(let ((evt (make-conn-event)))
(setf (conn-event-src-addr evt) 1 (conn-event-proto evt) 6)
(ringbuf-output events evt (sizeof conn-event) 0))
XDP_PASS)`,
  },
  'fill-process-info': {
    text: `(defstruct my-event (pid u32) (uid u32) (timestamp u64) (comm (array u8 16)))
(defmap events :type :ringbuf :max-entries 4096)
(defprog p (:type :kprobe :section "kprobe/x")
(with-ringbuf (event events (sizeof my-event))
(fill-process-info event
:pid-field my-event-pid
:uid-field my-event-uid
:timestamp-field my-event-timestamp
:comm-field my-event-comm-ptr
:comm-size 16))
0)`,
  },
  'helpers: trace fork, with let as the book has it': {
    text: `(defmap fork-times :type :hash :key-size 4 :value-size 8 :max-entries 64)
(defprog trace-fork (:type :tracepoint
:section "tracepoint/sched/sched_process_fork"
:license "GPL")
(let ((tgid (get-current-pid-tgid))
(pid (cast u32 (>> tgid 32)))
(ts (ktime-get-ns)))
(setf (getmap fork-times pid) ts))
0)`,
    problems: ['6:20 unbound-variable'],
    check: (r) => expect(r.bag.diagnostics[0]!.hint).toContain('let*'),
  },
  'loops: dotimes': {
    text: `(defconstant +max-headers+ 8)
(defprog p (:type :xdp)
(with-packet (ptr end :min-len 64)
(dotimes (i +max-headers+)
(when (= (load u8 ptr i) 0)
(return i))))
0)`,
  },
  'loops: do-user-ptrs, do-user-array': {
    text: `(defconstant +max-args+ 16)
(defstruct ffi-cif (abi u32) (nargs u32) (arg-types u64))
(defstruct ffi-type (size u64) (alignment u16) (type-code u16))
(defstruct stats-key (arg-types (array u8 16)))
(defmap histogram :type :hash :key-size 4 :value-size 8 :max-entries 64)
(defprog p (:type :kprobe :section "kprobe/x")
(let ((cif (make-ffi-cif)) (ft (make-ffi-type)) (key (make-stats-key)) (array-ptr (pt-regs-parm1)) (nelems 3))
(do-user-ptrs (atype-ptr (ffi-cif-arg-types cif)
(ffi-cif-nargs cif)
+max-args+
:index i)
(probe-read-user ft (sizeof ffi-type) atype-ptr)
(setf (stats-key-arg-types key i) (ffi-type-type-code ft)))
(do-user-array (val u32 array-ptr nelems 64 :index i)
(incf (getmap histogram val)))
(do-user-array (el ffi-type array-ptr nelems 4) (ffi-type-size el)))
0)`,
  },
  asm: { text: '(defprog p (:type :xdp) (asm #x85 0 0 0 5))' },
  'macros: with-map-value': {
    text: `(defmap counters :type :hash :key-size 4 :value-size 8 :max-entries 64)
(defmacro with-map-value ((var map key) &body body)
"Look up a map value and execute body with VAR bound to it.
Skips body if key is not found."
\`(when-let ((,var (map-lookup ,map ,key)))
,@body))
(defprog my-prog (:type :xdp :section "xdp" :license "GPL")
(with-map-value (p counters 0)
(atomic-add p 0 1))
XDP_PASS)`,
  },
  'macros: define-port-checker': {
    text: `(defmacro define-port-checker (name port action)
"Generate an XDP program that acts on a specific TCP port."
\`(defprog ,name (:type :xdp :section "xdp" :license "GPL")
(with-tcp (data data-end tcp)
(when (= (tcp-dst-port tcp) ,port)
(return ,action)))
XDP_PASS))
(define-port-checker drop-9999 9999 XDP_DROP)
(define-port-checker drop-8080 8080 XDP_DROP)`,
    check: (r) => expect(r.module.programs.map((p) => p.name)).toEqual(['drop_9999', 'drop_8080']),
  },
  'macros: blocked ports': {
    text: `(defconstant +blocked-ports+ '(80 443 8080 9999))
(defmacro blocked-port-p (port)
\`(or ,@(mapcar (lambda (p) \`(= ,port ,p)) +blocked-ports+)))
(defprog filter (:type :xdp :section "xdp" :license "GPL")
(with-tcp (data data-end tcp)
(when (blocked-port-p (tcp-dst-port tcp))
(return XDP_DROP)))
XDP_PASS)`,
  },
  'xdp: check length': {
    text: `(defprog check-len (:type :xdp)
(let ((data (xdp-data))
(data-end (xdp-data-end)))
(if (< (- data-end data) 14)
XDP_DROP
XDP_PASS)))`,
  },
  'kprobe: sections': {
    text: `(defprog trace-exec (:type :kprobe :section "kprobe/__x64_sys_execve") (let ((filename-ptr (pt-regs-parm1))) filename-ptr 0))
(defprog trace-malloc (:type :kprobe :section "uprobe//lib64/libc.so.6") 0)
(defprog trace-exec-ret (:type :kprobe :section "kretprobe/__x64_sys_execve") (pt-regs-ret) 0)`,
  },
  'tc: block outbound': {
    text: `(defprog block-4444 (:type :xdp :section "tc/block_4444")
(with-tc-tcp (data data-end tcp)
(when (= (tcp-dst-port tcp) 4444)
(return TC_ACT_SHOT)))
TC_ACT_OK)`,
    check: (r) => {
      expect(prog(r, 'block_4444')).toMatchObject({ type: 'sched_cls', section: 'tc', label: 'block_4444' })
      expect(printForms(r.module)).toContain('(ctx-load u32 76 data)')
    },
  },
  'cgroup: sections': {
    text: `(defprog count-egress (:type :cgroup-skb :section "cgroup_skb/egress") 1)
(defprog audit-sock (:type :cgroup-sock :section "cgroup/sock_create") 1)
(defprog filter-connect (:type :cgroup-sock-addr :section "cgroup/connect4") 1)
(defprog ops (:type :cgroup-sock :section "sockops") 1)`,
    check: (r) => {
      expect(prog(r, 'filter_connect')).toMatchObject({ attachType: 'CGROUP_INET4_CONNECT' })
      expect(prog(r, 'ops').type).toBe('sock_ops')
    },
  },
  'cgroup: count egress, with let as the book has it': {
    text: `(defmap pkt-count :type :array :key-size 4 :value-size 8 :max-entries 1)
(defprog count-egress (:type :cgroup-skb :section "cgroup_skb/egress")
(let ((key (u32 0))
(val (map-lookup pkt-count key)))
(when val
(atomic-add val 1)))
1)`,
    problems: ['4:28 unbound-variable'],
  },
  defheader: {
    text: `(defheader my-proto (field-a :offset 0 :type u32) (field-b :offset 4 :type u16 :net-order t))
(defprog p (:type :xdp) (with-packet (data end :min-len 20) (+ (my-proto-field-a data) (my-proto-field-b data))))`,
  },
  'protocols: with and parse': {
    text: `(defmap stats :type :hash :key-size 4 :value-size 8 :max-entries 64)
(defprog a (:type :xdp)
(with-packet (data data-end :min-len 34) (eth-dst-mac-hi data))
(with-eth (data data-end) (eth-type data))
(with-ipv4 (data data-end ip) (ipv4-ttl ip))
(with-tcp (data data-end tcp) (tcp-flags tcp))
(with-udp (data data-end udp) (udp-length udp))
(with-udp (data data-end udp :options t) (udp-src-port udp))
XDP_PASS)
(defprog b (:type :xdp)
(let ((data (xdp-data)) (data-end (xdp-data-end)))
(parse-eth data data-end) (parse-ipv4 data data-end) (parse-udp data data-end)
(when-let ((tcp (parse-tcp data data-end)))
(incf (getmap stats (tcp-dst-port tcp)))))
XDP_PASS)
(defprog c (:type :tc)
(tc-data) (tc-data-end)
(with-tc-packet (data data-end :min-len 20) 1)
(with-tc-eth (data data-end) 1)
(with-tc-ipv4 (data data-end ip) (ipv6-nexthdr ip))
(with-tc-udp (data data-end udp) (icmp-type udp))
TC_ACT_OK)`,
  },
  'example: ring buffer events': {
    text: `(in-package #:whistler)
(defstruct conn-event
(src-addr u32)
(dst-addr u32)
(dst-port u16)
(proto u8)
(pad u8)) ; align to 12 bytes
(defmap events :type :ringbuf :max-entries 4096)
(defmap rb-stats :type :array :key-size 4 :value-size 8 :max-entries 2)
(defconstant +stat-events-sent+ 0)
(defconstant +stat-events-dropped+ 1)
(defprog event-logger (:type :xdp :section "xdp" :license "GPL")
(with-packet (data data-end :min-len 38) ; Eth + IPv4 + TCP ports
(when (= (eth-type data) +ethertype-ipv4+)
(let* ((ip (+ data +eth-hdr-len+))
(proto (ipv4-protocol ip)))
(when (and (= proto +ip-proto-tcp+)
(> (+ data 54) data-end))
(return XDP_PASS))
(when (= proto +ip-proto-tcp+)
(let* ((tcp (+ ip +ipv4-hdr-len+))
(flags (tcp-flags tcp)))
(when (and (logand flags +tcp-syn+)
(not (logand flags +tcp-ack+)))
(with-ringbuf (event events (sizeof conn-event))
(setf (conn-event-src-addr event) (ipv4-src-addr ip)
(conn-event-dst-addr event) (ipv4-dst-addr ip)
(conn-event-dst-port event) (tcp-dst-port tcp)
(conn-event-proto event) proto)
(incf (getmap rb-stats +stat-events-sent+)))))))))
XDP_PASS)
(compile-to-elf "ringbuf-events.bpf.o")`,
    check: (r) => {
      expect(r.module.constants.map((c) => c.name)).toEqual(['stat_events_sent', 'stat_events_dropped'])
      expect(r.module.maps[0]!.recordType).toMatchObject({ name: 'conn_event' })
    },
  },
  'example: tail-call dispatch': {
    text: `(in-package #:whistler)
(defmap jt :type :prog-array :key-size 4 :value-size 4 :max-entries 256)
(defmap proto-stats :type :array :key-size 4 :value-size 8 :max-entries 3)
(defconstant +stat-dispatched+ 0)
(defconstant +stat-tcp+ 1)
(defconstant +stat-udp+ 2)
(defprog xdp-dispatch (:type :xdp :section "xdp" :license "GPL")
(let ((data (xdp-data))
(data-end (xdp-data-end)))
(when (> (+ data 34) data-end)
(return XDP_PASS))
(when (/= (eth-type data) +ethertype-ipv4+)
(return XDP_PASS))
(let ((proto (ipv4-protocol (+ data +eth-hdr-len+))))
(declare (type u32 proto))
(incf (getmap proto-stats +stat-dispatched+))
(tail-call jt proto)))
XDP_PASS)
(defprog tcp-handler (:type :xdp :section "xdp/tcp" :license "GPL")
(incf (getmap proto-stats +stat-tcp+))
XDP_PASS)
(defprog udp-handler (:type :xdp :section "xdp/udp" :license "GPL")
(incf (getmap proto-stats +stat-udp+))
XDP_PASS)
(compile-to-elf "tail-call-dispatch.bpf.o")`,
  },
  'example: cgroup firewall fragments': {
    text: `(defmap sock-client-to-original-ip :type :hash
:key-size 8 :value-size 4 :max-entries 262144
:map-flags 1) ; BPF_F_NO_PREALLOC
(defmap src-port-to-sock-client :type :hash
:key-size 2 :value-size 8 :max-entries 262144
:map-flags 1)
(defmap events :type :ringbuf :max-entries 4096)
(defstruct pkt-buf (bytes (array u8 40)))
(defconstant +http-redirect+ 3)
(defstruct event
(pid u32) (port u16) (allowed u8) (pad0 u8) (ip u32) (original-ip u32)
(event-type u8) (pad1 u8) (dns-txid u16) (pid-resolved u8) (redirected u8) (pad2 u16))
(defprog egress (:type :cgroup-skb :section "cgroup_skb/egress")
(let* ((pkt (make-pkt-buf))
(rc (skb-load-bytes (ctx-ptr) 0 pkt +ipv4-hdr-len+)))
(let ((protocol (ipv4-protocol pkt))
(daddr (ipv4-dst-addr pkt)) (pid 1) (port 2))
(skb-load-bytes (ctx-ptr) +ipv4-hdr-len+ pkt +udp-hdr-len+)
(when (= (udp-dst-port pkt) 53)
(let ((evt (make-event)))
(setf (event-pid evt) pid
(event-port evt) (ntohs port)
(event-allowed evt) 1
(event-ip evt) (ntohl daddr)
(event-event-type evt) +http-redirect+)
(ringbuf-output events evt (sizeof event) 0)))))
1)`,
  },
  'import-kernel-struct without the types of a kernel': {
    text: `(import-kernel-struct task-struct pid tgid comm)
(defprog p (:type :kprobe :section "kprobe/x") 0)`,
    problems: ['1:23 no-kernel-types'],
  },
  'inline session is refused': {
    text: `(asdf:load-system "whistler/loader")
(in-package #:whistler-loader-user)
(with-bpf-session () (bpf:map pkt-count :type :array))`,
    problems: ['3:2 unsupported'],
  },
}
