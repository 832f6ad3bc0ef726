/** From the introduction to `defstruct`. */
import { definitions, inTracepoint, inXdp, type Plan, program, session, userSide } from '../treatment.ts'

const SAMPLE = '(defstruct sample (flags u8) (id u32) (value u64))'
const EVENT = '(defstruct my-event (pid u32) (comm (array u8 16)) (data (array u8 64)))'
const EVENTS = '(defmap events :type :ringbuf :max-entries 4096)'
const onSample = '(let ((e (make-sample))) $)'
const asSample = [
  ['NAME-FIELD-PTR', 'sample-id-ptr'],
  ['NAME-FIELD', 'sample-id'],
  ['NAME', 'sample'],
] as const
const install = userSide('loads the original into SBCL; `npm install` here')

export const DECLARATIONS: Plan = {
  '(defmap pkt-count :type :array': program(),
  '(whistler/loader:with-bpf-session ()': session(),
  '(require :asdf)': install,
  '(asdf:load-system "whistler/loader")': install,
  '(asdf:test-system "whistler")': userSide('tests of the original'),
  '(in-package #:whistler)': program(),
  '(require :asdf) #2': userSide('compiles from the REPL: `unplugin-bpf compile` here'),
  '(asdf:load-system "whistler/loader") #2': userSide(
    'attaches an object and reads a map: `loadFile`, `attach`, `map.get`',
  ),
  '(in-package #:whistler-loader-user)': session(),
  '(defstruct ip-hdr ...)': program({
    replace: [
      ['(defstruct ip-hdr ...)', '(defstruct ip-hdr (bytes (array u8 9)) (protocol u8) (rest (array u8 10)))'],
      ['(defstruct udp-hdr ...)', '(defstruct udp-hdr (bytes (array u8 8)))'],
      [/\(let [\s\S]*$/, '(defprog book-block (:type :socket-filter)\n$&\n0)'],
    ],
  }),
  '(defmap name :type TYPE': program({
    replace: [
      ['TYPE', ':hash'],
      ['[:key-size N] [:value-size N]', ':key-size 4 :value-size 8'],
      [':max-entries N', ':max-entries 16'],
      ['[:map-flags FLAGS]', ':map-flags 1'],
    ],
  }),
  '(defmap connection-table :type :hash': program(),
  '(defmap counters :type :array': program(),
  '(defmap per-cpu-cache :type :percpu-hash': program(),
  '(defmap per-cpu-stats :type :percpu-array': program(),
  '(defmap events :type :ringbuf': program(),
  '(defmap dispatch :type :prog-array': program(),
  '(defmap routes :type :lpm-trie': program(),
  '(defmap recent-flows :type :lru-hash': program(),
  '(defprog name (:type :xdp :section nil :license "GPL")': program({ replace: [['body...', 'XDP_PASS']] }),
  '(defprog drop-all (:type :xdp)': program(),
  '(defprog trace-exec (:type :kprobe :section "kprobe/sys_execve")': program(),
  '(defmap dispatch :type :prog-array #2': program(),
  '(defstruct event': program(),
  '(defstruct name': definitions('(let ((it (make-name))) (setf (name-value it) 1))', ':type :xdp', [
    ['field-name', 'value'],
    ['type', 'u64'],
    ['...', ''],
  ]),
  '(defstruct sample': definitions('(let ((it (make-sample))) (setf (sample-id it) 1))'),
  '(make-NAME)': inXdp(SAMPLE, '$', asSample),
  '(let ((e (make-sample)))': inXdp(SAMPLE),
  '(NAME-FIELD ptr)': inXdp(SAMPLE, '(let ((ptr (make-sample))) $)', asSample),
  '(let ((pid (sample-id e)))': inXdp(SAMPLE, onSample),
  '(setf (NAME-FIELD ptr) value)': inXdp(SAMPLE, '(let ((ptr (make-sample)) (value 1)) $)', asSample),
  '(setf (sample-value e) 100)': inXdp(SAMPLE, onSample),
  '(NAME-FIELD-PTR ptr)': inXdp(SAMPLE, '(let ((ptr (make-sample))) $)', asSample),
  '(get-current-comm (my-event-comm-ptr e) 16)': inTracepoint(EVENT, '(let ((e (make-my-event))) $)'),
  '(sizeof NAME)': inXdp(SAMPLE, '$', asSample),
  '(ringbuf-reserve events (sizeof my-event))': inXdp(
    `${EVENT}${EVENTS}`,
    '(let ((record $)) (when record (ringbuf-discard record 0)))',
    // Two of three arguments, as its own chapter has them.
    [['(sizeof my-event))', '(sizeof my-event) 0)']],
  ),
  '(decode-NAME byte-vector &optional offset)': userSide('`prog.structs.NAME.decode(bytes)`'),
  '(encode-NAME record)': userSide('`prog.structs.NAME.encode(value)`'),
  '(defstruct my-event': definitions('(let ((it (make-my-event))) (setf (my-event-data it 63) 1))'),
  '(defmap events :type :ringbuf #2': program({ before: EVENT, replace: [['some-source', '(get-current-task)']] }),
  ';; Reading events from the ring buffer': userSide('`obj.maps.events.on(...)` and the codec of the struct'),
}
