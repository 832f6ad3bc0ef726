/** The chapters on forms: variables, control flow, arithmetic, memory. */
import { BOUNDS, inConnect4, inTc, inTracepoint, inXdp, PACKET, type Plan, program } from '../treatment.ts'

const CONN_EVENT = '(defstruct conn-event (src-addr u32) (dst-addr u32) (dst-port u16) (proto u8) (pad u8))'
const MAPS = ['my-map', 'm1', 'm2', 'counters', 'pkt-count']
  .map((name) => `(defmap ${name} :type :hash :key-size 4 :value-size 8 :max-entries 16)`)
  .join('\n')
const KEYS = '(let ((key 1) (k1 1) (k2 2)) $)'
/** Functions of the examples that the book does not define. */
const macro = (name: string, parameters = '') => `(defmacro ${name} (${parameters}) 'XDP_PASS)`

export const FORMS: Plan = {
  ';; CL macro -- runs at compile time, gone before bytecode emission': program(),
  ';; Parallel: b does not see the new a': inXdp('', '(let ((a 1)) $)'),
  '(var init) ; type inferred from init': inXdp('', '(let* ($) 0)', [
    [/;.*/g, ''],
    ['init', '1'],
    ['type', 'u32'],
  ]),
  '(let ((proto (ipv4-protocol ip)))': inXdp(
    '(defmap jt :type :prog-array :key-size 4 :value-size 4 :max-entries 256)',
    '(with-ipv4 (data data-end ip) $)',
  ),
  '(let ((a (load u32 ptr 0))': inXdp('', '(with-packet (ptr end :min-len 8) $)'),
  '(setf count (+ count 1))': inXdp('', '(let ((count 1)) $)'),
  '(setf (conn-event-src-addr event) (ipv4-src-addr ip)': inXdp(
    CONN_EVENT,
    '(with-tcp (data data-end tcp) (let ((ip (+ data 14)) (event (make-conn-event))) $))',
  ),
  '(if (> data-end (+ data 34))': inXdp(macro('process-packet', 'data'), BOUNDS),
  '(when (= proto +ip-proto-tcp+)': inXdp(
    `${macro('process-tcp', 'data')}(defmap tcp-count :type :array :key-size 4 :value-size 8 :max-entries 1)`,
    '(let ((data (xdp-data)) (data-end (xdp-data-end)) (proto 6)) $)',
  ),
  ';; Null-check a map lookup and use the pointer': inXdp(MAPS, KEYS),
  '(if-let (p (map-lookup my-map key))': inXdp(MAPS, KEYS),
  '(cond': inXdp(`${macro('handle-tcp', 'data')}${macro('handle-udp', 'data')}`, '(let ((proto 17) (data 0)) $)'),
  '(case (ipv4-protocol ip)': inXdp(
    `${macro('handle-tcp')}${macro('handle-udp')}${macro('handle-tunnel')}`,
    '(with-ipv4 (data data-end ip) $)',
  ),
  '(when (and (= proto +ip-proto-tcp+)': inXdp(
    macro('log-syn-packet', 'data'),
    '(with-tcp (data data-end tcp) (let ((proto 6) (flags (tcp-flags tcp))) $))',
  ),
  '(progn': inXdp(MAPS),
  '(when (> (+ data 34) data-end)': inXdp('', BOUNDS),
  '(let ((total (+ a b c))) ; n-ary addition': inXdp('', '(let ((a 1) (b 2) (c (get-prandom-u32))) $)'),
  ';; Extract PID from tgid (upper 32 bits)': inTracepoint('', '(let ((flags (get-prandom-u32))) $)'),
  '(when (s< offset 0)': inXdp('', '(let ((offset (- (get-prandom-u32) 1))) $)'),
  '(not expr) ; returns 1 if expr is 0, else 0': inXdp('', '(let ((expr (get-prandom-u32))) $)'),
  '(cast u8 val) ; keep low 8 bits': inXdp('', '(let ((val (ktime-get-ns))) $)'),
  ';; Compiler folds: instead of swapping at runtime, it compares': inXdp('', PACKET),
  '(load type ptr offset)': inXdp('', '(with-packet (ptr end :min-len 8) $)', [
    [/;.*/, ''],
    ['type', 'u32'],
    ['offset', '4'],
  ]),
  '(let ((ethertype (load u16 data 12))': inXdp(
    '',
    '(with-packet (data data-end :min-len 34) (let ((ip (+ data 14))) $))',
  ),
  '(store type ptr offset value)': inXdp(
    '',
    '(let ((ptr (struct-alloc 16)) (event (struct-alloc 16)) (value 1) (src-addr 2) (proto 3)) $)',
    [
      ['type', 'u32'],
      ['offset', '4'],
    ],
  ),
  ';; Read a context field by name': program({
    before: '(defconstant +localhost-nbo+ #x0100007f)',
    replace: [
      [
        /^[\s\S]*(?=;; XDP: read)/,
        '(defprog fields (:type :cgroup-sock-addr :section "cgroup/sendmsg6") (let ((value 1)) $& 1))\n',
      ],
      ['(ctx field-name)', '(ctx user-port)'],
      ['(:type :xdp ...)', '(:type :xdp)'],
      ['(:type :cgroup-sock-addr ...)', '(:type :cgroup-sock-addr :section "cgroup/connect4")'],
      ['(htons 8080))))', '(htons 8080))) 1)'],
    ],
  }),
  '(ctx u32 4) ; equivalent to (ctx user-ip4) in cgroup-sock-addr': inConnect4('', '(let ((val #x0100007f)) $)'),
  '(let ((key u32 0))': inXdp(MAPS),
  '(atomic-add ptr offset value)': inXdp(
    MAPS,
    '(let ((key 1) (value 1)) (when-let ((ptr (map-lookup counters key))) $))',
    [
      ['offset', '0'],
      [' type)', ' u32)'],
    ],
  ),
  '(memset ptr offset value nbytes)': inXdp(
    '',
    '(let ((ptr (struct-alloc 32)) (buf (struct-alloc 32)) (key (struct-alloc 32))) $)',
    [['ptr offset value nbytes', 'ptr 8 7 16']],
  ),
  '(memcpy dst dst-offset src src-offset nbytes)': inXdp(
    '',
    '(with-packet (data data-end :min-len 34) (let ((dst (struct-alloc 32)) (src data) (event (struct-alloc 32))) $))',
    [['dst dst-offset src src-offset nbytes', 'dst 8 src 4 8']],
  ),
  '(defprog trace-open (:type :kprobe :section "kprobe/do_sys_open" :license "GPL")': program({
    replace: [['(let (', '(let ((buf (struct-alloc 256)) ']],
  }),
  '(with-tc-tcp (data data-end tcp)': inTc(),
}
