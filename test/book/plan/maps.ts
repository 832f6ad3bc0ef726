/** Maps, ring buffers, helpers, loops, tail calls, assembly and macros. */
import { inTracepoint, inXdp, type Plan, parallelLet, program } from '../treatment.ts'

const map = (name: string, options = ':type :hash :key-size 4 :value-size 8') =>
  `(defmap ${name} ${options} :max-entries 16)`
const NAMED = map('map-name')
const BIG = map('map-name', ':type :hash :key-size 16 :value-size 8')
const RING = '(defmap map-name :type :ringbuf :max-entries 4096)'
const CONN_EVENT = '(defstruct conn-event (src-addr u32) (dst-addr u32) (dst-port u16) (proto u8) (pad u8))'
const POINTERS = '(let ((key-ptr (struct-alloc 16)) (val-ptr (struct-alloc 8)) (flags 0)) $)'
const RESERVED = '(when-let ((ptr (ringbuf-reserve map-name 8 0))) (setf (load u64 ptr) 0) $)'

export const MAPS: Plan = {
  '(map-lookup map-name key)': inXdp(NAMED, '(let ((key 1)) $)'),
  '(when-let ((p (map-lookup counters key)))': inXdp(map('counters'), '(let ((key 1)) $)'),
  '(map-update map-name key value flags)': inXdp(NAMED, '(let ((key 1) (value 2) (flags 0)) $)'),
  '(map-delete map-name key)': inXdp(NAMED, '(let ((key 1)) $)'),
  '(map-lookup-ptr map-name key-ptr)': inXdp(BIG, POINTERS),
  '(getmap map-name key)': inXdp(`${NAMED}${map('pkt-count')}`, '(let ((key 1)) $)', [
    // The next heading.
    ['(setf (getmap ...))', ''],
  ]),
  '(setf (getmap my-map key) new-value)': inXdp(map('my-map'), '(let ((key 1) (new-value 2)) $)'),
  '(remmap my-map key)': inXdp(map('my-map'), '(let ((key 1)) $)', [
    // The next heading.
    ['(incf (getmap ...))', ''],
  ]),
  '(incf (getmap pkt-count 0)) ; increment by 1': inXdp(map('pkt-count')),
  '(defstruct stats-key': program({
    replace: [
      // The struct of the book has 24 bytes, the key of its map 40.
      ['(pad u32))', '(pad u32) (arg-types (array u16 8)))'],
      ['(incf (getmap stats key))', '(defprog count (:type :xdp) (let ((key (make-stats-key))) $&) XDP_PASS)'],
    ],
  }),
  '(ringbuf-reserve map-name size flags)': inXdp(
    RING,
    '(let ((flags 0) (record $)) (when record (ringbuf-discard record 0)))',
    [
      ['size', '16'],
      ['flags)', '0)'],
    ],
  ),
  '(ringbuf-submit ptr flags)': inXdp(RING, `(let ((flags 0)) ${RESERVED})`),
  '(ringbuf-discard ptr flags)': inXdp(RING, `(let ((flags 0)) ${RESERVED})`),
  '(ringbuf-output map-name data-ptr size flags)': inXdp(
    RING,
    '(let ((data-ptr (struct-alloc 8)) (size 8) (flags 0)) $)',
  ),
  '(let ((evt (make-conn-event)))': inXdp(
    `${CONN_EVENT}(defmap events :type :ringbuf :max-entries 4096)`,
    '(let ((src 1) (dst 2) (port 3) (proto 4)) $)',
  ),
  '(with-ringbuf (var map-name size [:flags 0])': inXdp(RING, '$', [
    ['size', '8'],
    ['[:flags 0]', ':flags 0'],
    ['body...', '(setf (load u64 var) 1)'],
  ]),
  '(defstruct conn-event': program({
    replace: [
      [
        /\(with-ringbuf[\s\S]*$/,
        '(defprog log (:type :xdp) (with-tcp (data data-end tcp) (let ((ip (+ data 14)) (proto 6)) $&)) XDP_PASS)',
      ],
      // Not zeroed, as the book says: every byte has to be set.
      ['(conn-event-proto event) proto)', '(conn-event-proto event) proto (conn-event-pad event) 0)'],
    ],
  }),
  '(fill-process-info event': inTracepoint(
    '(defstruct my-event (pid u32) (uid u32) (timestamp u64) (comm (array u8 16)))',
    '(let ((event (make-my-event))) $)',
  ),
  '(get-current-pid-tgid) ; 0 args': inTracepoint(
    RING,
    '(let ((dst (struct-alloc 8)) (size 8) (src (ktime-get-ns)) (buf-ptr (struct-alloc 16)) (buf-size 16) (flags 0)) $)',
    [
      ['(ringbuf-reserve map-name size flags)', '(let ((record $&)) (when record (ringbuf-discard record 0)))'],
      ['map-name size', 'map-name 8'],
      ['dst size src', 'dst 8 src'],
      ['buf-ptr buf-size', 'buf-ptr 16'],
    ],
  ),
  '(defprog trace-fork (:type :tracepoint': parallelLet(map('fork-times')),
  '(dotimes (var count)': inXdp('(defconstant count 8)', '$', [['body...', 'var']]),
  '(defconstant +max-headers+ 8)': program({
    replace: [[/\(dotimes[\s\S]*$/, '(defprog find (:type :xdp) (with-packet (ptr end :min-len 8) $&) XDP_PASS)']],
  }),
  '(do-user-ptrs (ptr-var base-ptr count max-count [:index idx])': inTracepoint(
    '(defconstant max-count 8)',
    '(let ((base-ptr (ktime-get-ns)) (count 4)) $)',
    [
      ['[:index idx]', ':index idx'],
      ['body...', '(+ idx ptr-var)'],
    ],
  ),
  '(defconstant +max-args+ 16)': program({
    before: `(defstruct ffi-cif (arg-types u64) (nargs u32))
      (defstruct ffi-type (size u64) (alignment u16) (type-code u16))
      (defstruct stats-key (arg-types (array u16 16)))`,
    replace: [
      [
        /\(do-user-ptrs[\s\S]*$/,
        `(defprog count (:type :kprobe :section "uprobe")
           (let ((cif (make-ffi-cif)) (ft (make-ffi-type)) (key (make-stats-key)))
             (probe-read-user cif (sizeof ffi-cif) (pt-regs-parm1))
             $&)
           0)`,
      ],
    ],
  }),
  '(do-user-array (var type base-ptr count max-count [:index idx])': inTracepoint(
    '(defconstant max-count 8)',
    '(let ((base-ptr (ktime-get-ns)) (count 4)) $)',
    [
      ['type', 'u32'],
      ['[:index idx]', ':index idx'],
      ['body...', '(+ idx var)'],
    ],
  ),
  '(do-user-array (val u32 array-ptr nelems 64 :index i)': inTracepoint(
    map('histogram'),
    '(let ((array-ptr (ktime-get-ns)) (nelems 40)) $)',
  ),
  '(tail-call prog-array-map index)': inXdp(
    map('prog-array-map', ':type :prog-array :key-size 4 :value-size 4'),
    '(let ((index 3)) $)',
  ),
  ';; Jump table: protocol number -> program FD': program(),
  '(asm opcode dst-reg src-reg offset immediate)': inXdp('', '$', [
    ['opcode dst-reg src-reg offset immediate', '#xb7 0 0 0 1'],
  ]),
  ';; Emit a raw BPF_CALL instruction for helper #5 (ktime_get_ns)': inXdp(),
  '(defmacro with-map-value ((var map key) &body body)': program({ before: map('counters') }),
  '(defmacro define-port-checker (name port action)': program(),
  "(defconstant +blocked-ports+ '(80 443 8080 9999))": program(),
}
